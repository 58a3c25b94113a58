package schedule_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/schedule"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// running runs jobs for so long, on the bubble's clock, and returns what was
// written of them.
func running(t *testing.T, d time.Duration, jobs ...schedule.Job) map[string]db.Job {
	t.Helper()
	books := dbtest.New(t)
	l := schedule.New(books, time.Now, quiet, jobs...)
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	l.Run(ctx)
	rows, err := books.Read().ListJobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]db.Job{}
	for _, r := range rows {
		out[r.Name] = r
	}
	return out
}

func TestEachAtItsOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var often, seldom atomic.Int64
		running(t, 61*time.Minute,
			schedule.Job{Name: "often", Every: 10 * time.Minute, Run: func(context.Context) error { often.Add(1); return nil }},
			schedule.Job{Name: "seldom", Every: time.Hour, Run: func(context.Context) error { seldom.Add(1); return nil }},
		)
		if often.Load() != 7 || seldom.Load() != 2 {
			t.Errorf("%d and %d runs", often.Load(), seldom.Load())
		}
	})
}

func TestFailureAndPanicStopNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fails, panics, goes atomic.Int64
		jobs := running(t, 3*time.Minute+time.Second,
			schedule.Job{Name: "fails", Every: time.Minute, Run: func(context.Context) error { fails.Add(1); return errors.New("no good") }},
			schedule.Job{Name: "panics", Every: time.Minute, Run: func(context.Context) error { panics.Add(1); panic("oh") }},
			schedule.Job{Name: "goes", Every: time.Minute, Run: func(context.Context) error { goes.Add(1); return nil }},
		)
		if fails.Load() != 4 || panics.Load() != 4 || goes.Load() != 4 {
			t.Errorf("runs: %d, %d, %d", fails.Load(), panics.Load(), goes.Load())
		}
		for name, want := range map[string]string{"fails": "no good", "panics": "panic: oh", "goes": ""} {
			if j := jobs[name]; j.Error != want || j.FinishedAt == 0 {
				t.Errorf("%s: %+v", name, j)
			}
		}
	})
}

// Books that are busy are no fault of a job.
func TestPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, n := calendar.InstantOf(time.Now()), 0
		jobs := running(t, 5*time.Minute+time.Second, schedule.Job{Name: "mail", Every: time.Minute, Run: func(context.Context) error {
			if n++; n <= 3 {
				return fault.New(fault.Unavailable, "The portal is very busy.")
			}
			return nil
		}})
		if n != 6 || jobs["mail"].Error != "" || jobs["mail"].FinishedAt.Sub(begun) != 3*time.Minute {
			t.Errorf("%d runs, %+v", n, jobs["mail"])
		}
	})
}

// A run that goes well is written down once an hour; a change for the worse or
// the better at once.
func TestWrittenWhenItMatters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := calendar.InstantOf(time.Now())
		n := 0
		jobs := running(t, 50*time.Minute,
			schedule.Job{Name: "well", Every: time.Minute, Run: func(context.Context) error { return nil }},
			schedule.Job{Name: "recovers", Every: time.Minute, Run: func(context.Context) error {
				if n++; n > 10 && n <= 20 {
					return errors.New("down")
				}
				return nil
			}},
		)
		if at := jobs["well"].FinishedAt.Sub(begun); at != 0 {
			t.Errorf("a job that goes well was written after %v", at)
		}
		if j := jobs["recovers"]; j.Error != "" || j.FinishedAt.Sub(begun) != 20*time.Minute {
			t.Errorf("a job that recovered: %q after %v", j.Error, j.FinishedAt.Sub(begun))
		}
	})
}

func TestWakeAndNeverTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{}, 1)
		var runs, at, most atomic.Int64
		go func() {
			for range 5 {
				time.Sleep(time.Second)
				select {
				case wake <- struct{}{}:
				default:
				}
			}
		}()
		running(t, time.Minute, schedule.Job{Name: "mail", Every: time.Hour, Wake: wake, Run: func(context.Context) error {
			most.Store(max(most.Load(), at.Add(1)))
			defer at.Add(-1)
			runs.Add(1)
			time.Sleep(3 * time.Second) // longer than the pause between two calls
			return nil
		}})
		// at the start, and then each time for what was called meanwhile
		if runs.Load() != 3 || most.Load() != 1 {
			t.Errorf("%d runs, %d at once", runs.Load(), most.Load())
		}
	})
}

func TestLimitAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		jobs := running(t, 90*time.Second,
			schedule.Job{Name: "hangs", Every: time.Hour, Limit: 10 * time.Second, Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			schedule.Job{Name: "stopped", Every: time.Hour, Run: func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(2 * time.Second) // what it must still do
				finished = true
				return ctx.Err()
			}},
		)
		if jobs["hangs"].Error != context.DeadlineExceeded.Error() {
			t.Errorf("a job past its limit: %+v", jobs["hangs"])
		}
		if _, written := jobs["stopped"]; written || !finished {
			t.Errorf("a job that was stopped: finished %v, written %v", finished, written)
		}
	})
}
