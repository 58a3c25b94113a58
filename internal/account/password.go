package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed" // the list of common passwords
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"customerportal/internal/fault"
)

// The cost of a password hash: OWASP's Password Storage Cheat Sheet, argon2id
// with 19 MiB, two passes, one lane. A hash keeps its own parameters; one with
// others is made anew at the next log-in.
const (
	argonMemory = 19 * 1024 // KiB
	argonTime   = 2
	argonLanes  = 1
	saltLength  = 16
	hashLength  = 32
)

// Lengths of a password in characters.
const (
	MinPassword = 10
	MaxPassword = 128
)

// hashing bounds how many hashes are computed at once, so that a rush of
// log-ins takes 19 MiB a processor and not 19 MiB a request.
var hashing = make(chan struct{}, runtime.GOMAXPROCS(0))

// derive waits its turn and computes argon2id.
func derive(ctx context.Context, password string, salt []byte, time, memory uint32, lanes uint8, length uint32) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, time, memory, lanes, length), nil
}

// HashPassword returns the argon2id hash of a password as a PHC string
// (https://github.com/P-H-C/phc-string-format).
func HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // crypto/rand.Read never fails
	key, err := derive(ctx, password, salt, argonTime, argonMemory, argonLanes, hashLength)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// dummy is the hash that the password of an unknown address is compared with,
// so that it takes as long as a wrong password.
var dummy = sync.OnceValue(func() string {
	h, err := HashPassword(context.Background(), NewReference())
	if err != nil {
		panic(err) // the background context never ends
	}
	return h
})

// checkPassword reports whether the password belongs to the hash, and whether
// the hash should be made anew. An empty hash takes the time of a real one and
// never matches.
func checkPassword(ctx context.Context, hash, password string) (ok, stale bool, err error) {
	known := hash != ""
	if !known {
		hash = dummy()
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false, fmt.Errorf("a password hash of an unknown form")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil || version != argon2.Version {
		return false, false, fmt.Errorf("a password hash of an unknown form")
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 || lanes == 0 || passes == 0 {
		return false, false, fmt.Errorf("a password hash of an unknown form")
	}
	got, err := derive(ctx, password, salt, passes, memory, lanes, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(got, want) == 1 && known
	stale = memory != argonMemory || passes != argonTime || lanes != argonLanes || len(want) != hashLength || len(salt) != saltLength
	return ok, stale, nil
}

// newTemporary returns a temporary password: 80 random bits in groups of four
// small letters and digits, none of which can be taken for another.
func newTemporary() string { return groups(strings.ToLower(draw(crockford, 16))) }

// hashTemporary is the form in which a temporary password is stored. It is
// random throughout, so a plain hash cannot be reversed by guessing; and it
// lets a log-in cost one slow hash whether or not there is a temporary
// password. Like a Registration Key it is read without dashes, blanks and case,
// for it is typed from a mail.
func hashTemporary(password string) (string, bool) {
	key, ok := NormalizeKey(password)
	h := sha256.Sum256([]byte("temporary " + key))
	return hex.EncodeToString(h[:]), ok
}

//go:embed common_passwords.txt
var commonList string

// common are the passwords that attackers try first: the 5,000 most common and
// all longer ones of the list of @zxcvbn-ts/language-common 4.1.3 (MIT licence,
// in common_passwords.LICENSE.txt).
var common = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.Lines(commonList) {
		words[strings.TrimSpace(word)] = true
	}
	return words
})

// checkNewPassword refuses a password that is too short, too long, common, or
// made of what everybody knows about its owner. It returns Invalid faults for
// the fields "password" and "confirm".
func checkNewPassword(password, confirm string, known ...string) error {
	var refused fault.Fields
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		refused.Add("password", "This password has characters we cannot read")
	case n == 0:
		refused.Add("password", "Choose a password")
	case n < MinPassword:
		refused.Add("password", "The password needs at least %d characters; this one has %d", MinPassword, n)
	case n > MaxPassword:
		refused.Add("password", "The password may have at most %d characters", MaxPassword)
	case isCommon(password):
		refused.Add("password", "This password is easy to guess: many people use it. Choose another one, such as four words that do not belong together")
	default:
		for _, k := range known {
			if sameSecret(password, k) {
				refused.Add("password", "The password must not be your e-mail address, your customer number, or our name")
			}
		}
	}
	if !refused.Has("password") && password != confirm {
		refused.Add("confirm", "The two passwords are not the same")
	}
	return refused.Err()
}

// isCommon reports whether the password is a common one, perhaps with digits
// and punctuation behind it, or said twice, or one letter again and again.
func isCommon(password string) bool {
	p := strings.ToLower(password)
	words := common()
	base := strings.TrimRight(p, "0123456789!@#$%^&*()-_=+.,?; ")
	half := p[:len(p)/2]
	return words[p] || words[base] ||
		len(p)%2 == 0 && half == p[len(p)/2:] && words[half] ||
		strings.Trim(p, p[:1]) == ""
}

// sameSecret reports whether the password is little more than a word that
// others know: the word itself, perhaps with digits behind it. An e-mail
// address counts with and without its domain.
func sameSecret(password, word string) bool {
	p := foldName(password)
	bare := strings.TrimRight(p, "0123456789")
	forms := []string{foldName(word)}
	if name, _, ok := strings.Cut(word, "@"); ok {
		forms = append(forms, foldName(name))
	}
	for _, w := range forms {
		if w != "" && (p == w || bare == w || len(w) >= 4 && p == w+w) {
			return true
		}
	}
	return false
}
