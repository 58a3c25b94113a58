package settings

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Sealer encrypts the secrets in the settings (gateway keys, mail password,
// staff second factors) with a key that lies beside the books, so that a copied
// database file alone opens nothing. AES-256-GCM, as NIST SP 800-38D has it.
// From the same key come the tokens of links that are mailed again and again.
type Sealer struct {
	aead  cipher.AEAD
	links []byte // the key the tokens are derived with, itself derived
}

// LoadSealer reads the 32-byte key at path and makes one, mode 0600, when the
// file is missing. It refuses a key that others can read.
func LoadSealer(path string) (*Sealer, error) {
	key, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key = make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return nil, err
		}
		if err := writeNew(path, key); err != nil {
			return nil, fmt.Errorf("making the key file: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others; run: chmod 600 %s", path, path)
	}
	return NewSealer(key)
}

func writeNew(path string, key []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(key); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

// NewSealer returns a sealer for a key of 32 bytes.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != 32 {
		return nil, errors.New("the key file is damaged: it must hold exactly 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	links, err := hkdf.Expand(sha256.New, key, "links", sha256.Size)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead, links}, nil
}

// LinkToken returns what makes a link unguessable: 128 bits as 26 small letters
// and digits, for the same context always the same. Nobody can tell it without
// the key file, so that it need not be stored where it is needed again.
func (s *Sealer) LinkToken(context string) string {
	mac := hmac.New(sha256.New, s.links)
	mac.Write([]byte(context)) // a hash never fails
	return linkText.EncodeToString(mac.Sum(nil)[:16])
}

var linkText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// sealedPaper begins a paper that was sealed; no file format in use does.
var sealedPaper = []byte("SEALED1\n")

// SealPaper encrypts a whole paper for storing, for one that holds a link. Its
// SHA-256 in hexadecimal, which stands beside it, is its context.
func (s *Sealer) SealPaper(body []byte, sum string) []byte {
	return s.aead.Seal(bytes.Clone(sealedPaper), nil, body, []byte("paper "+sum))
}

// OpenPaper returns a stored paper as it is, whether it was sealed or not. It
// fails when it was sealed with another key.
func (s *Sealer) OpenPaper(body []byte, sum string) ([]byte, error) {
	sealed, ok := bytes.CutPrefix(body, sealedPaper)
	if !ok {
		return body, nil
	}
	plain, err := s.aead.Open(nil, nil, sealed, []byte("paper "+sum))
	if err != nil {
		return nil, errors.New("the paper does not open with this machine's key file")
	}
	return plain, nil
}

// Seal encrypts a secret for storing. Context names its place ("staff 3 totp"),
// so that a sealed value moved elsewhere does not open.
func (s *Sealer) Seal(plain, context string) string {
	return base64.RawStdEncoding.EncodeToString(s.aead.Seal(nil, nil, []byte(plain), []byte(context)))
}

// Open decrypts what [Sealer.Seal] made in the same context. It fails when the
// value was made with another key.
func (s *Sealer) Open(sealed, context string) (string, error) {
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return "", fmt.Errorf("sealed value of %s: %w", context, err)
	}
	plain, err := s.aead.Open(nil, nil, raw, []byte(context))
	if err != nil {
		return "", fmt.Errorf("the secret %s does not open with this machine's key file", context)
	}
	return string(plain), nil
}
