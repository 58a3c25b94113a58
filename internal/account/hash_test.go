package account

import (
	"context"
	"errors"
	"testing"
)

// TestHashesWaitTheirTurn: a rush of log-ins computes no more hashes at once
// than there are processors, and whoever goes away does not wait.
func TestHashesWaitTheirTurn(t *testing.T) {
	for range cap(hashing) {
		hashing <- struct{}{}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := HashPassword(gone, "four green apples"); !errors.Is(err, context.Canceled) {
		t.Errorf("with all at work: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := HashPassword(t.Context(), "four green apples")
		done <- err
	}()
	for range cap(hashing) {
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
		<-hashing
	}
	if err := <-done; err != nil || len(hashing) != 0 {
		t.Errorf("%v, %d still at work", err, len(hashing))
	}
}
