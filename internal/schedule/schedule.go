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

	mu     sync.Mutex
	states map[string]State
}

// State is how a job stands in this process.
type State struct {
	Name     string
	Started  calendar.Instant // of the last run
	Finished calendar.Instant // 0 while the first run lasts; before Started while a run lasts
	Error    string           // of the last finished run
}

// New returns a loop; Run starts it.
func New(d *db.DB, clock calendar.Clock, log *slog.Logger, jobs ...Job) *Loop {
	return &Loop{db: d, clock: clock, log: log, jobs: jobs, states: map[string]State{}}
}

// Run runs the jobs until ctx ends and all runs under way have returned.
func (l *Loop) Run(ctx context.Context) {
	var work sync.WaitGroup
	for _, j := range l.jobs {
		work.Go(func() { l.repeat(ctx, j) })
	}
	work.Wait()
}

// States lists the jobs in the order they were given.
func (l *Loop) States() []State {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]State, 0, len(l.jobs))
	for _, j := range l.jobs {
		s := l.states[j.Name]
		s.Name = j.Name
		out = append(out, s)
	}
	return out
}

func (l *Loop) repeat(ctx context.Context, j Job) {
	var written calendar.Instant // when the job's row was last written
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
		written = l.once(ctx, j, written)
		timer.Reset(j.Every)
	}
}

// once does one run and returns when the job's row was last written.
func (l *Loop) once(ctx context.Context, j Job, written calendar.Instant) calendar.Instant {
	s := l.state(j.Name)
	before := s.Error
	s.Started = l.clock.Now()
	l.keep(s)

	err := l.do(ctx, j)
	if err != nil && ctx.Err() != nil {
		return written // the program stops: no fault of the job
	}
	if fault.Is(err, fault.Unavailable) {
		// somebody else is busy with the books, an import perhaps: the next run
		// finds the same work
		l.log.Warn("job put off", "job", j.Name, "reason", err.Error())
		return written
	}
	s.Finished, s.Error = l.clock.Now(), ""
	if err != nil {
		s.Error = err.Error()
		l.log.Error("job failed", "job", j.Name, "error", s.Error)
	}
	l.keep(s)
	if !written.IsZero() && s.Error == before && s.Finished.Sub(written) < writeEvery {
		return written
	}
	// the run is over: what became of it is written even when the program stops
	err = l.db.Write(context.WithoutCancel(ctx), func(q *db.Queries) error {
		return q.JobFinished(context.WithoutCancel(ctx), db.JobFinishedParams{Name: j.Name, StartedAt: s.Started, FinishedAt: s.Finished, Error: s.Error})
	})
	if err != nil {
		l.log.Error("job not recorded", "job", j.Name, "error", err.Error())
		return written
	}
	return s.Finished
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

func (l *Loop) state(name string) State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.states[name]
	s.Name = name
	return s
}

func (l *Loop) keep(s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.states[s.Name] = s
}
