package workorder

import "sync"

// followers are told that something changed, and not what: they read it
// themselves. One who is slow is told once of many changes.
type followers struct {
	mu    sync.Mutex
	under map[topic]map[chan struct{}]bool
}

// topic is what is followed: one work order, those of a customer, or all.
type topic struct {
	number   string
	customer int64
}

// Follow tells of changes of one work order until stop is called. It knows of
// what this process does; whoever follows reads once after he began.
func (s *Service) Follow(number string) (changed <-chan struct{}, stop func()) {
	return s.follow.add(topic{number: number})
}

// FollowCustomer is [Service.Follow] for all work orders of a customer.
func (s *Service) FollowCustomer(id int64) (changed <-chan struct{}, stop func()) {
	return s.follow.add(topic{customer: id})
}

// FollowAll is [Service.Follow] for all work orders.
func (s *Service) FollowAll() (changed <-chan struct{}, stop func()) {
	return s.follow.add(topic{})
}

// Changed tells those who follow that a work order changed. The methods of
// Service that are their own transaction do so themselves; who used one that runs
// in the caller's calls it when that is committed.
func (s *Service) Changed(customerID int64, number string) {
	s.follow.tell(topic{number: number})
	s.follow.tell(topic{customer: customerID})
	s.follow.tell(topic{})
}

func (f *followers) add(t topic) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.under == nil {
		f.under = map[topic]map[chan struct{}]bool{}
	}
	if f.under[t] == nil {
		f.under[t] = map[chan struct{}]bool{}
	}
	f.under[t][c] = true
	return c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.under[t], c)
		if len(f.under[t]) == 0 {
			delete(f.under, t)
		}
	}
}

func (f *followers) tell(t topic) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.under[t] {
		select {
		case c <- struct{}{}:
		default: // it has been told already
		}
	}
}
