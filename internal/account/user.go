package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
)

// SaveUser sets up a customer's log-in with a password of its own, for the
// customers given: the made-up dealer of the demo, and tests.
func (s *Service) SaveUser(ctx context.Context, email, password string, customers ...int64) (int64, error) {
	hash, err := HashPassword(ctx, password)
	if err != nil {
		return 0, err
	}
	now := s.clock.Now()
	var id int64
	err = s.db.Write(ctx, func(q *db.Queries) error {
		user, err := q.GetUserByEmail(ctx, email)
		if id = user.ID; errors.Is(err, sql.ErrNoRows) {
			id, err = q.AddUser(ctx, db.AddUserParams{Email: email, CreatedAt: now})
		}
		if err != nil {
			return err
		}
		for _, c := range customers {
			if _, err := q.GrantCustomer(ctx, db.GrantCustomerParams{CustomerID: c, UserID: id, GrantedAt: now}); err != nil {
				return err
			}
		}
		return q.SetUserPassword(ctx, db.SetUserPasswordParams{PasswordHash: hash, ID: id})
	})
	if err != nil {
		return 0, fmt.Errorf("log-in %s: %w", email, err)
	}
	return id, nil
}
