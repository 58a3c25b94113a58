package workorder

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	stddraw "image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/draw"

	"customerportal/internal/fault"
)

// The bounds of photos.
const (
	// MostPhotos is how many come with one form, and PhotoBytes how large each is.
	MostPhotos = 5
	PhotoBytes = 12 << 20
	// photosOfOrder is how many a work order has at most.
	photosOfOrder = 60
	// pictureSide and thumbSide are the longer side of what is kept, in pixels.
	pictureSide = 2000
	thumbSide   = 320
	// decodeBytes is what decoding one picture may take.
	decodeBytes = 240 << 20
	// pixels is the greatest number of them in a picture; cameras of phones have
	// 12 to 50 millions.
	pixels = 60e6
	// scans is how many times a JPEG may go over its picture. Cameras and programs
	// make ten of them or so; each costs the time of the whole picture, however few
	// bytes it is.
	scans = 64
)

// Picture is a photo as it is kept: scaled down, upright, and without anything
// that the camera wrote beside it, like the place.
type Picture struct {
	JPEG, Thumb   []byte
	Width, Height int
}

// readPicture makes the picture of a JPEG or PNG file. Refusals are Invalid
// faults on the field "photos" that begin with the file's name. The caller sees
// to it that few are read at once.
func readPicture(name string, file io.ReadSeeker) (*Picture, error) {
	head := make([]byte, 16)
	n, err := io.ReadFull(file, head)
	if err != nil && n == 0 {
		return nil, refusePhoto(name, "is empty")
	}
	head = head[:n]
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	kind := kindOf(head)
	turned := 1
	var config image.Config
	switch kind {
	case "jpeg":
		m, err := readMarkers(file)
		if err != nil {
			return nil, refusePhoto(name, "is broken; take it again or choose another")
		}
		turned = m.orientation
		if m.cost > decodeBytes {
			return nil, refusePhoto(name, "has too many pixels; choose a smaller picture")
		}
		if m.scans > scans {
			return nil, refusePhoto(name, "is made in a way that takes us too long to open. Take a screenshot of it and send that")
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		config, err = jpeg.DecodeConfig(file)
		if err != nil {
			return nil, refusePhoto(name, "is broken; take it again or choose another")
		}
	case "png":
		if config, err = png.DecodeConfig(file); err != nil {
			return nil, refusePhoto(name, "is broken; take it again or choose another")
		}
		if float64(config.Width)*float64(config.Height)*bytesOf(config.ColorModel) > decodeBytes {
			return nil, refusePhoto(name, "has too many pixels; choose a smaller picture")
		}
	case "heic":
		return nil, refusePhoto(name, "is a HEIC picture, which we cannot open. On an iPhone choose Settings, Camera, Formats, Most Compatible and take it again, or send a screenshot of it")
	default:
		return nil, refusePhoto(name, "is no JPEG or PNG picture")
	}
	if config.Width < 1 || config.Height < 1 || float64(config.Width)*float64(config.Height) > pixels {
		return nil, refusePhoto(name, "has too many pixels; choose a smaller picture")
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var decoded image.Image
	if kind == "jpeg" {
		decoded, err = jpeg.Decode(file)
	} else {
		decoded, err = png.Decode(file)
	}
	if err != nil {
		return nil, refusePhoto(name, "is broken; take it again or choose another")
	}
	full := turn(scale(decoded, pictureSide), turned)
	small := scale(full, thumbSide)
	p := &Picture{Width: full.Bounds().Dx(), Height: full.Bounds().Dy()}
	if p.JPEG, err = encode(full, 84); err != nil {
		return nil, err
	}
	if p.Thumb, err = encode(small, 80); err != nil {
		return nil, err
	}
	return p, nil
}

func refusePhoto(name, why string) error {
	if name = shortName(name); name == "" {
		name = "The file"
	}
	return fault.Field("photos", "%s %s", name, why)
}

// shortName is a file's name fit for a message: no path, no end.
func shortName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xFFFD {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
	if r := []rune(name); len(r) > 60 {
		name = string(r[:40]) + "…" + string(r[len(r)-12:])
	}
	return name
}

// kindOf tells a file by its first bytes; its name and what the browser says of
// it may be wrong.
func kindOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xD8, 0xFF}):
		return "jpeg"
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case len(head) >= 12 && string(head[4:8]) == "ftyp" && strings.Contains(" heic heix heim heis hevc hevx mif1 msf1 avif avis ", " "+string(head[8:12])+" "):
		return "heic"
	}
	return ""
}

// bytesOf is what a pixel of a decoded PNG takes.
func bytesOf(m color.Model) float64 {
	switch m {
	case color.NRGBA64Model, color.RGBA64Model:
		return 8
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4
}

// markers is what a JPEG file says of itself before its picture.
type markers struct {
	orientation int     // EXIF: 1 to 8
	cost        float64 // what decoding takes, in bytes
	scans       int     // of the picture, counted until there are too many
}

// readMarkers reads the segments of the file (ITU T.81, B.1): the size with the
// sampling, by which the cost is known before anything is decoded, the
// orientation from the camera's EXIF, and how often the picture is gone over.
func readMarkers(file io.Reader) (markers, error) {
	m := markers{orientation: 1}
	r := bufio.NewReader(file)
	plainRGB := false // as Adobe writes it; it is copied once more
	b := make([]byte, 4)
	if _, err := io.ReadFull(r, b[:2]); err != nil {
		return m, err
	}
	for range 1000 {
		if _, err := io.ReadFull(r, b[:2]); err != nil {
			return m, atEnd(err, m)
		}
		for b[0] == 0xFF && b[1] == 0xFF { // fill bytes
			if _, err := io.ReadFull(r, b[1:2]); err != nil {
				return m, err
			}
		}
		if b[0] != 0xFF {
			return m, io.ErrUnexpectedEOF
		}
		marker := b[1]
		if marker == 0xD9 && m.scans > 0 {
			return m, nil
		}
		if marker == 0x01 || marker >= 0xD0 && marker <= 0xD7 {
			continue
		}
		if marker == 0xD9 {
			return m, io.ErrUnexpectedEOF
		}
		if _, err := io.ReadFull(r, b[2:4]); err != nil {
			return m, err
		}
		size := int(binary.BigEndian.Uint16(b[2:4])) - 2
		if size < 0 {
			return m, io.ErrUnexpectedEOF
		}
		segment := make([]byte, size)
		if _, err := io.ReadFull(r, segment); err != nil {
			return m, err
		}
		switch {
		case marker == 0xE1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")):
			m.orientation = orientation(segment[6:])
		case marker == 0xEE && size >= 12 && bytes.HasPrefix(segment, []byte("Adobe")):
			plainRGB = segment[11] == 0
		case marker >= 0xC0 && marker <= 0xC2:
			// the frame; the picture follows it
			if size < 6 || size < 6+3*int(segment[5]) {
				return m, io.ErrUnexpectedEOF
			}
			m.cost = cost(segment, marker == 0xC2, plainRGB)
		case marker == 0xDA:
			if m.cost == 0 {
				return m, io.ErrUnexpectedEOF
			}
			if m.scans++; m.scans > scans {
				return m, nil
			}
			if err := skipScan(r); err != nil {
				return m, atEnd(err, m)
			}
		}
	}
	return m, io.ErrUnexpectedEOF
}

// atEnd is no error where the file ends behind a scan: decoders take what there is.
func atEnd(err error, m markers) error {
	if m.scans > 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		return nil
	}
	return err
}

// skipScan passes over the bytes of a scan, up to the marker that ends it: behind
// 0xFF stands a zero, or what restarts the same scan (ITU T.81, B.1.1.5).
func skipScan(r *bufio.Reader) error {
	for {
		b, err := r.Peek(2)
		if err != nil {
			return err
		}
		if b[0] == 0xFF && b[1] != 0 && (b[1] < 0xD0 || b[1] > 0xD7) {
			return nil
		}
		_, _ = r.Discard(1) // it is there
	}
}

// cost is what a frame takes to decode: a byte for each sample, for a progressive
// one four bytes more, for its coefficients are kept until the end, and four bytes
// for each pixel of what is not light and two colours, as it is then put together
// anew: four inks, or red, green and blue.
func cost(frame []byte, progressive, plainRGB bool) float64 {
	height, width := float64(binary.BigEndian.Uint16(frame[1:3])), float64(binary.BigEndian.Uint16(frame[3:5]))
	var most, all float64
	for i := range int(frame[5]) {
		sampling := frame[6+3*i+1]
		n := float64(sampling>>4) * float64(sampling&15)
		most, all = max(most, n), all+n
	}
	if most == 0 {
		return 0
	}
	samples := width * height * all / most
	if progressive {
		samples *= 5
	}
	if n := frame[5]; n == 4 || n == 3 && (plainRGB || frame[6] == 'R' && frame[9] == 'G' && frame[12] == 'B') {
		samples += 4 * width * height
	}
	return samples
}

// orientation finds how the camera was held in its EXIF (TIFF 6.0; tag 0x0112):
// 1 to 8, 1 when there is none.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	} else if string(tiff[:2]) != "II" {
		return 1
	}
	at := int64(order.Uint32(tiff[4:8]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	for i := range int64(order.Uint16(tiff[at : at+2])) {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(tiff)) {
			return 1
		}
		if order.Uint16(tiff[entry:entry+2]) != 0x0112 {
			continue
		}
		if n := int(order.Uint16(tiff[entry+8 : entry+10])); n >= 1 && n <= 8 {
			return n
		}
	}
	return 1
}

// scale returns the picture with its longer side at most that many pixels, on
// white where it was transparent.
func scale(from image.Image, side int) *image.RGBA {
	b := from.Bounds()
	w, h := b.Dx(), b.Dy()
	if longer := max(w, h); longer > side {
		w, h = max(1, w*side/longer), max(1, h*side/longer)
	}
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	stddraw.Draw(to, to.Bounds(), image.White, image.Point{}, stddraw.Src)
	if w == b.Dx() && h == b.Dy() {
		stddraw.Draw(to, to.Bounds(), from, b.Min, stddraw.Over)
	} else {
		draw.ApproxBiLinear.Scale(to, to.Bounds(), from, b, draw.Over, nil)
	}
	return to
}

// turn brings a picture upright that was taken with the camera in that
// orientation (EXIF 2.32, 4.6.4).
func turn(from *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return from
	}
	w, h := from.Rect.Dx(), from.Rect.Dy()
	tw, th := w, h
	if orientation >= 5 {
		tw, th = h, w
	}
	to := image.NewRGBA(image.Rect(0, 0, tw, th))
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			copy(to.Pix[to.PixOffset(tx, ty):][:4], from.Pix[from.PixOffset(x, y):][:4])
		}
	}
	return to
}

func encode(m image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return b.Bytes(), nil
}
