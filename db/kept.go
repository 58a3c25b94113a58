package db

import (
	"context"
	"sync"
	"time"
)

// keptFor is how long something is kept that nobody asks for again.
const keptFor = time.Minute

// Kept keeps what was worked out of all the books for whoever asks next, as long
// as nothing in the books changes: the pages of a long list cost the list once.
// Whoever asks while it is being worked out waits for it. The zero value is
// ready to use, by several goroutines.
type Kept[T any] struct {
	mu    sync.Mutex
	value *T
	// of the value: the books' version before it was worked out, so that a change
	// in between makes it anew, and what else it depends on
	version int64
	key     string
	drop    *time.Timer
}

// Get returns what was kept for a key, or what work makes of the books now. The
// value is shared: nobody may change it. The key holds all that the value
// depends on besides the books. Like [DB.Read] it must not be used within
// [DB.View] or a write.
func (k *Kept[T]) Get(ctx context.Context, d *DB, key string, work func() (*T, error)) (*T, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	version, err := dataVersion(ctx, d.aside)
	if err != nil {
		return nil, err
	}
	if k.value != nil && k.version == version && k.key == key {
		k.drop.Reset(keptFor)
		return k.value, nil
	}
	value, err := work()
	if err != nil {
		return nil, err
	}
	k.value, k.version, k.key = value, version, key
	if k.drop == nil {
		k.drop = time.AfterFunc(keptFor, k.forget)
	}
	k.drop.Reset(keptFor)
	return value, nil
}

func (k *Kept[T]) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.value = nil
}
