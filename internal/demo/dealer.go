package demo

// dealer is the made-up company. Its phone numbers are of the range that is
// kept for fiction (555-0100 to 555-0199), its addresses of example domains.
var dealer = map[string]string{
	"company.name":     "Beacon Hill Security",
	"company.phone":    "(617) 555-0142",
	"company.email":    "office@beaconhillsecurity.example",
	"company.web":      "https://beaconhillsecurity.example",
	"company.address1": "48 Lantern Street",
	"company.city":     "Boston",
	"company.state":    "MA",
	"company.zip":      "02114",
	"company.color":    "#0b6e4f",
	"service.email":    "service@beaconhillsecurity.example",
	"time.zone":        "America/New_York",
	"payments.gateway": "sandbox",
	"approvals.above":  "100.00",
	"fees.return":      "25.00",
	"fees.return_auto": "yes",

	"workorders.labour_rate": "95.00",
	"mail.from":              "billing@beaconhillsecurity.example",
}
