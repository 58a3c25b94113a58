package payment

import (
	"context"
	"time"
)

// NoPause makes the pauses between two tries pass at once.
func (s *Service) NoPause() { s.pause = func(context.Context, time.Duration) {} }

// ShortPages makes pages wait a moment only for the processor.
func (s *Service) ShortPages() { s.pageTime = 50 * time.Millisecond }
