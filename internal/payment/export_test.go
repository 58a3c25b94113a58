package payment

import (
	"context"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
)

// MethodOf is a method on file as it is shown on a day.
func MethodOf(m db.Method, today calendar.Date) Method { return methodOf(m, today, 0) }

// NoPause makes the pauses between two tries pass at once.
func (s *Service) NoPause() { s.pause = func(context.Context, time.Duration) {} }

// ShortPages makes pages wait a moment only for the processor.
func (s *Service) ShortPages() { s.pageTime = 50 * time.Millisecond }

// ShortWebhooks makes a self-test wait a moment only for its webhook.
func (s *Service) ShortWebhooks() { s.webhookTime = 50 * time.Millisecond }

// Orientation is how a picture was held.
func Orientation(file []byte) int { return orientation(file) }
