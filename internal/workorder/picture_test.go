package workorder_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"sync"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/workorder"
)

// corner is a picture that is red in its upper left corner and white elsewhere.
func corner(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			if x < w/4 && y < h/4 {
				c = color.RGBA{255, 0, 0, 255}
			}
			m.Set(x, y, c)
		}
	}
	return m
}

func asJPEG(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// secretPlace is what a camera would write of where it was.
const secretPlace = "42.3601N71.0589W"

// withEXIF puts an orientation and a place into a JPEG, as cameras do.
func withEXIF(file []byte, orientation uint16, order binary.AppendByteOrder) []byte {
	mark := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		mark = "MM\x00*"
	}
	tiff := order.AppendUint32([]byte(mark), 8)
	tiff = order.AppendUint16(tiff, 2)
	tiff = order.AppendUint16(tiff, 0x8825) // the place
	tiff = order.AppendUint16(tiff, 2)
	tiff = order.AppendUint32(tiff, uint32(len(secretPlace)))
	tiff = order.AppendUint32(tiff, 38)
	tiff = order.AppendUint16(tiff, 0x0112)
	tiff = order.AppendUint16(tiff, 3)
	tiff = order.AppendUint32(tiff, 1)
	tiff = order.AppendUint16(tiff, orientation)
	tiff = order.AppendUint16(tiff, 0)
	tiff = order.AppendUint32(tiff, 0)
	tiff = append(tiff, secretPlace...)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	head := binary.BigEndian.AppendUint16([]byte{0xFF, 0xD8, 0xFF, 0xE1}, uint16(len(segment)+2))
	return append(append(head, segment...), file[2:]...)
}

func upload(name string, body []byte) workorder.Upload {
	return workorder.Upload{Name: name, Size: int64(len(body)), File: bytes.NewReader(body)}
}

// kept returns the picture and the small one that were kept of a file.
func (s *shop) kept(body []byte) (large, small image.Image, raw []byte) {
	s.Helper()
	number := s.requested()
	n, err := s.orders.AddPhotos(s.Context(), ann, workorder.Photos{Number: number, CustomerID: 1, Nonce: s.nonce(), Uploads: []workorder.Upload{upload("a.jpg", body)}})
	if err != nil || n != 1 {
		s.Fatalf("%d, %v", n, err)
	}
	raw = one[[]byte](s, `SELECT d.body FROM work_order_photos p JOIN documents d ON d.id = p.document_id ORDER BY p.id DESC`)
	thumb := one[[]byte](s, `SELECT d.body FROM work_order_photos p JOIN documents d ON d.id = p.thumb_id ORDER BY p.id DESC`)
	large, err = jpeg.Decode(bytes.NewReader(raw))
	s.must(err)
	small, err = jpeg.Decode(bytes.NewReader(thumb))
	s.must(err)
	return large, small, raw
}

func red(c color.Color) bool {
	r, g, b, _ := c.RGBA()
	return r > 0xC000 && g < 0x4000 && b < 0x4000
}

// TestPhotoIsUprightAndTellsNoPlace turns a photo as the camera was held, scales
// it, and keeps nothing of what the camera wrote beside it.
func TestPhotoIsUprightAndTellsNoPlace(t *testing.T) {
	// where the corner that the camera wrote first comes to lie: right, below
	corners := map[uint16][2]bool{0: {}, 1: {}, 2: {true, false}, 3: {true, true}, 4: {false, true}, 5: {}, 6: {true, false}, 7: {true, true}, 8: {false, true}, 9: {}}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		s := newShop(t)
		for orientation, at := range corners {
			file := withEXIF(asJPEG(t, corner(2400, 1200)), orientation, order)
			if !bytes.Contains(file, []byte(secretPlace)) {
				t.Fatal("the file has no place to begin with")
			}
			large, small, raw := s.kept(file)
			w, h := 2000, 1000
			if orientation >= 5 && orientation <= 8 {
				w, h = h, w
			}
			b := large.Bounds()
			if b.Dx() != w || b.Dy() != h || max(small.Bounds().Dx(), small.Bounds().Dy()) != 320 {
				t.Errorf("orientation %d: %v, small %v", orientation, b, small.Bounds())
			}
			for _, right := range []bool{false, true} {
				for _, below := range []bool{false, true} {
					x, y := 50, 50
					if right {
						x = w - 50
					}
					if below {
						y = h - 50
					}
					if is := red(large.At(x, y)); is != ([2]bool{right, below} == at) {
						t.Errorf("orientation %d: right %v below %v is red: %v", orientation, right, below, is)
					}
				}
			}
			if bytes.Contains(raw, []byte("Exif")) || bytes.Contains(raw, []byte(secretPlace)) {
				t.Errorf("orientation %d: what the camera wrote is still there", orientation)
			}
		}
	}
}

// TestPNGPhoto keeps a transparent PNG on white, as JPEG.
func TestPNGPhoto(t *testing.T) {
	s := newShop(t)
	large, _, _ := s.kept(asPNG(t, image.NewNRGBA(image.Rect(0, 0, 40, 30))))
	r, g, b, _ := large.At(20, 15).RGBA()
	if large.Bounds().Dx() != 40 || min(r, g, b) < 0xF000 {
		t.Errorf("%v, %x %x %x", large.Bounds(), r, g, b)
	}
}

// bomb is a PNG of a few bytes that says it is huge.
func bomb(width, height uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		out = append(append(out, kind...), data...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return append(append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 16, 6, 0, 0, 0))...), chunk("IEND", nil)...)
}

// progressive is the head of a JPEG that takes a lot to decode.
func progressive(side uint16) []byte {
	b := []byte{0xFF, 0xD8, 0xFF, 0xC2, 0, 17, 8}
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, side), side)
	return append(b, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xFF, 0xDA, 0, 2)
}

// manyScans is a grey JPEG that goes over its picture that often, each time with
// a few bytes: one run for all blocks.
func manyScans(side uint16, scans int) []byte {
	b := append([]byte{0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0}, bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xFF, 0xC2, 0, 11, 8)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, side), side)
	b = append(b, 1, 1, 0x11, 0)
	b = append(append(b, 0xFF, 0xC4, 0, 20, 0x10, 1), make([]byte, 15)...) // a code of one bit: a run of blocks without change
	b = append(b, 0xE0)
	for range scans {
		b = append(b, 0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0, 0x7F, 0xFF, 0x00)
	}
	return append(b, 0xFF, 0xD9)
}

// inks is the head of a JPEG of that many colours at full size each.
func inks(side uint16, colours byte, before ...byte) []byte {
	b := append([]byte{0xFF, 0xD8}, before...)
	b = append(b, 0xFF, 0xC0, 0, 8+3*colours, 8)
	b = append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, side), side), colours)
	for i := range colours {
		b = append(b, "RGBK"[i], 0x11, 0)
	}
	return append(b, 0xFF, 0xDA, 0, 2)
}

// TestPhotosThatAreRefused says in words why, with the file's name, and keeps
// what is good.
func TestPhotosThatAreRefused(t *testing.T) {
	s := newShop(t)
	good := asJPEG(t, corner(80, 60))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"a HEIC":               {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "is a HEIC picture"},
		"an AVIF":              {[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), "is a HEIC picture"},
		"text":                 {[]byte("<svg onload=alert(1)>"), "is no JPEG or PNG"},
		"a GIF":                {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "is no JPEG or PNG"},
		"nothing":              {nil, "is empty"},
		"half a JPEG":          {good[:len(good)/2], "is broken"},
		"the head of a JPEG":   {good[:4], "is broken"},
		"half a PNG":           {asPNG(t, corner(300, 300))[:200], "is broken"},
		"a bomb":               {bomb(30000, 30000), "too many pixels"},
		"a wide bomb":          {bomb(1<<31-1, 1), "too many pixels"},
		"a progressive bomb":   {progressive(20000), "too many pixels"},
		"a bomb of four inks":  {inks(7000, 4), "too many pixels"},
		"a bomb of RGB":        {inks(7000, 3), "too many pixels"},
		"a bomb of scans":      {manyScans(1000, 65), "too long to open"},
		"a JPEG without frame": {[]byte{0xFF, 0xD8, 0xFF, 0xDA, 0, 2}, "is broken"},
	} {
		number := s.requested()
		n, err := s.orders.AddPhotos(t.Context(), ann, workorder.Photos{Number: number, CustomerID: 1, Nonce: s.nonce(), Uploads: []workorder.Upload{upload(`C:\pics\`+name+`.jpg`, c.file), upload("good.jpg", good)}})
		message := s.refused(err, fault.Invalid, "photos")
		if n != 1 || !strings.Contains(message, c.want) || !strings.HasPrefix(message, name+".jpg ") {
			t.Errorf("%s: %d kept, %q", name, n, message)
		}
	}
	s.kept(manyScans(1000, 64))
	large := workorder.Upload{Name: "large.jpg", Size: 13 << 20, File: bytes.NewReader(nil)}
	_, err := s.orders.AddPhotos(t.Context(), ann, workorder.Photos{Number: s.requested(), CustomerID: 1, Nonce: s.nonce(), Uploads: []workorder.Upload{large}})
	s.has(s.refused(err, fault.Invalid, "photos"), "large.jpg is larger than 12 MB")
	_, err = s.orders.AddPhotos(t.Context(), ann, workorder.Photos{Number: s.requested(), CustomerID: 1, Nonce: "crowd", Uploads: []workorder.Upload{{Name: "c.jpg", Crowded: true, File: bytes.NewReader(nil)}}})
	s.has(s.refused(err, fault.Invalid, "photos"), "c.jpg could not be taken just now", "Nothing is lost")
	_, err = s.orders.AddPhotos(t.Context(), ann, workorder.Photos{Number: s.requested(), CustomerID: 1, Nonce: s.nonce()})
	s.refused(err, fault.Invalid, "photos")
}

// TestUploadsBecomePhotos keeps the photos of a form until it is saved, five of
// them, and forgets those of a form that nobody saves.
func TestUploadsBecomePhotos(t *testing.T) {
	s := newShop(t)
	ctx := t.Context()
	var files []workorder.Upload
	for i := range 6 {
		files = append(files, upload("p.jpg", asJPEG(t, corner(40+8*i, 40))))
	}
	err := s.orders.KeepUploads(ctx, ann, 1, "form", files)
	s.has(s.refused(err, fault.Invalid, "photos"), "5 photos fit")
	// one of them again, and another customer under the same nonce
	s.must(s.orders.KeepUploads(ctx, ann, 1, "form", []workorder.Upload{upload("p.jpg", asJPEG(t, corner(40, 40)))}))
	s.must(s.orders.DropUpload(ctx, 2, "form", 1))
	if n := one[int](s, `SELECT count(*) FROM work_order_uploads`); n != 5 {
		t.Fatalf("%d are kept", n)
	}
	s.must(s.orders.DropUpload(ctx, 1, "form", 1))
	n := workorder.NewOrder{CustomerID: 1, SiteID: 1, Source: workorder.Portal, Note: "x", Nonce: "form"}
	number, err := s.orders.Create(ctx, ann, n)
	s.must(err)
	if photos, left := one[int](s, `SELECT count(*) FROM work_order_photos`), one[int](s, `SELECT count(*) FROM work_order_uploads`); photos != 4 || left != 0 {
		t.Errorf("%d photos, %d uploads are left", photos, left)
	}
	s.has(one[string](s, `SELECT text_body FROM outbox WHERE to_email = 'service@dealer.example'`), "Photos: 4, attached")
	// sent again, the form brings nothing new
	again, err := s.orders.Create(ctx, ann, n)
	if err != nil || again != number || one[int](s, `SELECT count(*) FROM work_order_photos`) != 4 {
		t.Errorf("again: %s, %v", again, err)
	}
	s.must(s.orders.KeepUploads(ctx, ann, 1, "other", files[:0]))
	s.must(s.orders.KeepUploads(ctx, ann, 1, "other", []workorder.Upload{upload("p.jpg", asJPEG(t, corner(64, 64)))}))
	s.must(s.orders.Sweep(ctx))
	if n := one[int](s, `SELECT count(*) FROM work_order_uploads`); n != 1 {
		t.Errorf("a fresh upload was swept")
	}
	s.clock.Advance(25 * 60 * 60 * 1e9)
	s.must(s.orders.Sweep(ctx))
	if n := one[int](s, `SELECT count(*) FROM work_order_uploads`); n != 0 {
		t.Errorf("an old upload is left")
	}
	s.whole()
}

// TestPhotosOfOthers lets nobody add photos to another's or a closed work order,
// and a form that is sent twice adds them once.
func TestPhotosOfOthers(t *testing.T) {
	s := newShop(t)
	good := asJPEG(t, corner(80, 60))
	number := s.requested()
	add := func(by audit.Actor, customer int64, nonce string) (int, error) {
		return s.orders.AddPhotos(t.Context(), by, workorder.Photos{Number: number, CustomerID: customer, Nonce: nonce, Internal: true, Uploads: []workorder.Upload{upload("a.jpg", good)}})
	}
	if _, err := add(ann, 2, "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer: %v", err)
	}
	for range 2 {
		if _, err := add(ann, 1, "b"); err != nil {
			t.Error(err)
		}
	}
	if _, err := add(dispatcher, 0, "c"); err != nil {
		t.Error(err)
	}
	if all, internal := one[int](s, `SELECT count(*) FROM work_order_photos`), one[int](s, `SELECT sum(internal) FROM work_order_photos`); all != 2 || internal != 1 {
		t.Errorf("%d photos, %d internal", all, internal)
	}
	s.must(s.orders.Cancel(t.Context(), dispatcher, number, workorder.Any, "x"))
	_, err := add(ann, 1, "d")
	s.refused(err, fault.Conflict, "")
	s.whole()
}

// TestManyPhotosAtOnce reads them one after the other.
func TestManyPhotosAtOnce(t *testing.T) {
	s := newShop(t)
	number := s.requested()
	var group sync.WaitGroup
	for i := range 20 {
		file := asJPEG(t, corner(40+2*i, 40))
		nonce := s.nonce()
		group.Go(func() {
			if _, err := s.orders.AddPhotos(t.Context(), ann, workorder.Photos{Number: number, CustomerID: 1, Nonce: nonce, Uploads: []workorder.Upload{upload("a.jpg", file)}}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := one[int](s, `SELECT count(*) FROM work_order_photos`); n != 20 {
		t.Errorf("%d photos", n)
	}
	s.whole()
}

// FuzzPicture reads any file as a picture: it is refused in words or kept within
// its bounds.
func FuzzPicture(f *testing.F) {
	good := asJPEG(f, corner(40, 30))
	f.Add(good)
	f.Add(withEXIF(good, 6, binary.LittleEndian))
	f.Add(withEXIF(good, 8, binary.BigEndian)[:60])
	f.Add(asPNG(f, corner(20, 30)))
	f.Add(bomb(30000, 30000))
	f.Add(progressive(200))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := workorder.ReadPicture("x", bytes.NewReader(file))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		if max(p.Width, p.Height) > 2000 || p.Width < 1 || p.Height < 1 || bytes.Contains(p.JPEG, []byte("Exif")) {
			t.Errorf("%d x %d", p.Width, p.Height)
		}
	})
}

// BenchmarkPicture reads a photo of twelve megapixels, as phones take them.
func BenchmarkPicture(b *testing.B) {
	file := withEXIF(asJPEG(b, corner(4000, 3000)), 6, binary.BigEndian)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := workorder.ReadPicture("x", bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}
