package account

import "net/netip"

// subnet is the form in which client addresses are counted: an IPv4 address
// whole, of an IPv6 one the /64 that one connection is given.
func subnet(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return ip
	}
	return p.String()
}
