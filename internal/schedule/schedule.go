// Package schedule runs the jobs of the program: sending mail, settling
// payments, throwing away what has expired. Each job runs in a goroutine of its
// own, never twice at once; one that fails or panics stops no other.
package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Job is one thing that is done again and again while the program runs.
type Job struct {
	Name string
	// Every is the pause between the end of one run and the beginning of the
	// next. The first run begins with the program.
	Every time.Duration
	// Wake begins a run before the pause is over; nil for none.
	Wake <-chan struct{}
	// Limit is how long a run may take before its context ends; 0 = for ever.
	Limit time.Duration
	// Run does the work. It must return soon after its context ends. What it had
	// no time for it finds again at its next run.
	Run func(ctx context.Context) error
}

// writeEvery is how often a job that goes well is written down. Each change of
// the books makes a snapshot of them due, so this is not done at every run.
const writeEvery = time.Hour

// Loop runs the jobs it was made with.
type Loop struct {
	db    *db.DB
	clock calendar.Clock
	log   *slog.Logger
	jobs  []Job
}

// state is how a job stood after its last finished run.
type state struct {
	failed  string           // its error, "" for none
	written calendar.Instant // when the job's row was last written
}

// New returns a loop; Run starts it.
func New(d *db.DB, clock calendar.Clock, log *slog.Logger, jobs ...Job) *Loop {
	return &Loop{db: d, clock: clock, log: log, jobs: jobs}
}

// Run runs the jobs until ctx ends and all runs under way have returned.
func (l *Loop) Run(ctx context.Context) {
	var work sync.WaitGroup
	for _, j := range l.jobs {
		work.Go(func() { l.repeat(ctx, j) })
	}
	work.Wait()
}

func (l *Loop) repeat(ctx context.Context, j Job) {
	var last state
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-j.Wake:
		}
		if ctx.Err() != nil {
			return
		}
		last = l.once(ctx, j, last)
		timer.Reset(j.Every)
	}
}

// once does one run and returns how the job stands after it.
func (l *Loop) once(ctx context.Context, j Job, last state) state {
	started := l.clock.Now()
	err := l.do(ctx, j)
	if err != nil && ctx.Err() != nil {
		return last // the program stops: no fault of the job
	}
	if fault.Is(err, fault.Unavailable) {
		// somebody else is busy with the books, an import perhaps: the next run
		// finds the same work
		l.log.Warn("job put off", "job", j.Name, "reason", err.Error())
		return last
	}
	finished, failed := l.clock.Now(), ""
	if err != nil {
		failed = err.Error()
		l.log.Error("job failed", "job", j.Name, "error", failed)
	}
	now := state{failed, last.written}
	if !last.written.IsZero() && failed == last.failed && finished.Sub(last.written) < writeEvery {
		return now
	}
	// the run is over: what became of it is written even when the program stops
	err = l.db.Write(context.WithoutCancel(ctx), func(q *db.Queries) error {
		return q.JobFinished(context.WithoutCancel(ctx), db.JobFinishedParams{Name: j.Name, StartedAt: started, FinishedAt: finished, Error: failed})
	})
	if err != nil {
		l.log.Error("job not recorded", "job", j.Name, "error", err.Error())
		return now
	}
	return state{failed, finished}
}

// do calls the job's function and turns a panic into an error.
func (l *Loop) do(ctx context.Context, j Job) (err error) {
	if j.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, j.Limit)
		defer cancel()
	}
	defer func() {
		if r := recover(); r != nil {
			l.log.Error("panic", "job", j.Name, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return j.Run(ctx)
}
