package payment

import (
	"context"

	"customerportal/internal/gateway"
)

// AutoPayGateway tells what the processor of the dealer's choice takes; an
// Unavailable fault when payments are off or the books are on hold, for then
// auto pay takes nothing.
func (s *Service) AutoPayGateway(ctx context.Context) (gateway.Info, error) {
	g, _, err := s.active(ctx)
	if err != nil {
		return gateway.Info{}, err
	}
	return g.Info(), nil
}
