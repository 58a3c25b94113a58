package demo

import (
	"fmt"
	"strings"
)

// habit is how a customer pays.
type habit int

const (
	byCheck    habit = iota // a check for each invoice, a few days before it is due
	byCard                  // by card over the phone
	byECheck                // by bank debit
	byCash                  // at the counter
	quarterly               // one check every three months for all that is open
	late                    // weeks after the due date
	stopped                 // has not paid for the last four months
	never                   // owes everything of the last two and a half years
	overpaying              // rounds up: the rest is credit
	partly                  // pays the older half of the newest invoice
)

// household is one made-up customer.
type household struct {
	business, first, last string
	street, city, zip     string // "Boston"; all in Massachusetts
	email                 string // "" = first.last@example.com; "-" = none on file
	terms                 string
	habit                 habit
	monthly               int64 // cents for monitoring; 0 = service calls only
	cycle                 int   // months an invoice covers
	since                 int   // months ago
	exempt                bool  // pays no sales tax
	online                int   // how many of the newest invoices are left to be paid in the portal
	sites                 []place
}

// place is a site with the systems in it.
type place struct {
	name, street, city, zip string // no street = the customer's address
	systems                 []string
}

// area is the area code by city.
var area = map[string]string{
	"Boston": "617", "Cambridge": "617", "Somerville": "617", "Quincy": "617", "Brookline": "617",
	"Salem": "978", "Lowell": "978", "Gloucester": "978", "Worcester": "508", "Plymouth": "508", "Waltham": "781", "Lexington": "781",
}

var home = []place{{name: "Home", systems: []string{"Burglary"}}}
var homeAndFire = []place{{name: "Home", systems: []string{"Burglary", "Fire"}}}
var shop = []place{{name: "Shop", systems: []string{"Burglary", "Cameras"}}}

// households are the customers in the order of their numbers. The first ones
// are those who have log-ins, see people.
var households = []household{
	{first: "Maria", last: "Alvarez", street: "12 Chestnut Street", city: "Boston", zip: "02108", terms: "Net 15", habit: partly, monthly: 4295, cycle: 1, since: 26, sites: homeAndFire},
	{first: "Siobhán", last: "O'Brien", street: "77 Dorchester Avenue, Apt. 3", city: "Boston", zip: "02127", terms: "Net 15", habit: byCard, monthly: 3995, cycle: 1, since: 25, online: 4, sites: home},
	{business: "Harbor View Café & Bakery, LLC", first: "Étienne", last: "Rousseau", street: "3 Long Wharf", city: "Boston", zip: "02110", email: "owner@harborview.example", terms: "Net 30", habit: byECheck, monthly: 8950, cycle: 1, since: 28, online: 3,
		sites: []place{
			{name: "Long Wharf café", systems: []string{"Burglary", "Fire", "Cameras"}},
			{name: "Somerville bakery", street: "214 Highland Avenue", city: "Somerville", zip: "02143", systems: []string{"Burglary", "Fire"}},
		}},
	{first: "Nguyễn Thị", last: "Minh Châu", street: "9 Mystic Street", city: "Somerville", zip: "02145", email: "minhchau@example.com", terms: "Net 15", habit: byCard, monthly: 3995, cycle: 1, since: 24, online: 2, sites: home},
	{business: "Ebenezer Property Management", first: "Ebenezer", last: "Boateng", street: "1600 Massachusetts Avenue", city: "Cambridge", zip: "02138", email: "accounts@ebenezer.example", terms: "Net 30", habit: never, monthly: 12900, cycle: 1, since: 29,
		sites: []place{
			{name: "Ware Street 18", street: "18 Ware Street", city: "Cambridge", zip: "02138", systems: []string{"Fire", "Access control"}},
			{name: "Prospect Street 290", street: "290 Prospect Street", city: "Cambridge", zip: "02139", systems: []string{"Fire"}},
		}},
	{first: "James", last: "Whitfield", street: "40 Beacon Street", city: "Brookline", zip: "02446", terms: "Net 15", habit: overpaying, monthly: 4295, cycle: 1, since: 30, sites: homeAndFire},

	{first: "Robert", last: "Kowalski", street: "5 Pickering Wharf", city: "Salem", zip: "01970", terms: "Net 15", habit: late, monthly: 3995, cycle: 1, since: 24, sites: home},
	{first: "Anne-Marie", last: "D'Angelo", street: "118 Rogers Street", city: "Gloucester", zip: "01930", terms: "Net 15", habit: byCheck, monthly: 4295, cycle: 1, since: 22, sites: homeAndFire},
	{first: "José", last: "Núñez", street: "61 Merrimack Street", city: "Lowell", zip: "01852", terms: "Net 15", habit: stopped, monthly: 3995, cycle: 1, since: 25, sites: home},
	{business: "St. Brigid's Parish School", first: "Margaret", last: "Fitzgerald", street: "1001 Massachusetts Avenue", city: "Lexington", zip: "02420", email: "office@stbrigids.example", terms: "Net 30", habit: quarterly, monthly: 15900, cycle: 1, since: 27, exempt: true,
		sites: []place{{name: "School", systems: []string{"Fire", "Access control", "Cameras"}}}},
	{first: "Harold", last: "Pemberton-Fotheringay", street: "22 Water Street", city: "Plymouth", zip: "02360", email: "-", terms: "Net 15", habit: byCash, monthly: 3995, cycle: 3, since: 24, sites: home},

	{business: "The Greater Boston Association of Retired Lighthouse Keepers and Harbor Pilots, Incorporated", first: "Wilhelmina", last: "Featherstonehaugh", street: "150 Seaport Boulevard, Suite 1200, Attention Accounts Payable", city: "Boston", zip: "02210", email: "accounts.payable@lighthousekeepers.example", terms: "Net 30", habit: quarterly, monthly: 9900, cycle: 1, since: 26,
		sites: []place{{name: "Clubhouse and nautical library on the third floor", systems: []string{"Burglary", "Fire"}}}},
	{business: "D'Agostino & Sons Hardware", first: "Salvatore", last: "D'Agostino", street: "88 Salem Street", city: "Boston", zip: "02113", terms: "Net 30", habit: byCheck, monthly: 6450, cycle: 1, since: 30, sites: shop},
	{business: "Kühn Dental Group, P.C.", first: "Jürgen", last: "Kühn", street: "300 Crown Colony Drive", city: "Quincy", zip: "02169", terms: "Net 30", habit: byECheck, monthly: 7900, cycle: 1, since: 20, sites: []place{{name: "Practice", systems: []string{"Burglary", "Access control"}}}},
	{business: "Old Mill Self-Storage", first: "Dale", last: "Hutchins", street: "45 Jackson Street", city: "Lowell", zip: "01852", terms: "Net 30", habit: late, monthly: 11900, cycle: 1, since: 18, sites: []place{{name: "Storage yard", systems: []string{"Burglary", "Cameras", "Access control"}}}},
	{business: "Blue Heron Yoga", first: "Priya", last: "Raghunathan", street: "17 Moody Street", city: "Waltham", zip: "02453", terms: "Net 15", habit: byCard, monthly: 5250, cycle: 1, since: 14, online: 2, sites: shop},
	{business: "Nguyen Auto Body", first: "Tuấn", last: "Nguyễn", street: "640 Park Avenue", city: "Worcester", zip: "01603", terms: "Net 30", habit: byCash, monthly: 5900, cycle: 1, since: 23, sites: shop},
	{first: "Aoife", last: "Ní Bhriain", street: "31 Elm Street", city: "Cambridge", zip: "02139", terms: "Net 15", habit: byCard, monthly: 3995, cycle: 1, since: 16, sites: home},
	{first: "Thomas", last: "Okafor", street: "8 Grove Street", city: "Lexington", zip: "02421", terms: "Net 15", habit: byCheck, monthly: 4295, cycle: 3, since: 30, sites: homeAndFire},
	{first: "Linda", last: "Castellano", street: "902 Hancock Street", city: "Quincy", zip: "02170", terms: "Net 15", habit: byCheck, monthly: 3995, cycle: 3, since: 27, sites: home},
	{first: "Deshawn", last: "Carter", street: "56 Blue Hill Avenue", city: "Boston", zip: "02119", terms: "Net 15", habit: byCard, monthly: 3995, cycle: 1, since: 11, online: 3, sites: home},
	{first: "Zoë", last: "Lindqvist", street: "14 Chandler Street", city: "Boston", zip: "02116", terms: "Net 15", habit: byECheck, monthly: 4295, cycle: 1, since: 24, online: 2, sites: homeAndFire},
	{first: "Francisco", last: "de la Cruz", street: "230 Union Street", city: "Salem", zip: "01970", terms: "Net 15", habit: late, monthly: 3995, cycle: 1, since: 21, sites: home},
	{first: "Ruth", last: "Goldfarb", street: "77 Pond Avenue", city: "Brookline", zip: "02445", terms: "Net 15", habit: byCheck, monthly: 4295, cycle: 12, since: 30, sites: homeAndFire},
	{first: "Kenji", last: "Watanabe", street: "5 Kendall Square", city: "Cambridge", zip: "02142", terms: "Net 15", habit: byCard, monthly: 3995, cycle: 1, since: 19, sites: home},
	{first: "Patricia", last: "McAllister-Doyle", street: "19 Adams Street", city: "Quincy", zip: "02169", terms: "Net 15", habit: quarterly, monthly: 3995, cycle: 1, since: 24, sites: home},
	{first: "Oluwaseun", last: "Adeyemi", street: "410 Main Street", city: "Worcester", zip: "01608", terms: "Net 15", habit: byECheck, monthly: 3995, cycle: 1, since: 13, sites: home},
	{first: "Hannah", last: "Weiß", street: "2 Trapelo Road", city: "Waltham", zip: "02452", terms: "Net 15", habit: byCard, monthly: 4295, cycle: 3, since: 28, sites: homeAndFire},
	{first: "Gerald", last: "Thibodeaux", street: "63 Eastern Avenue", city: "Gloucester", zip: "01930", terms: "Net 15", habit: stopped, monthly: 3995, cycle: 1, since: 15, sites: home},
	{first: "Mei-Ling", last: "Chow", street: "128 Beach Street", city: "Boston", zip: "02111", terms: "Net 15", habit: byCheck, monthly: 3995, cycle: 1, since: 24, sites: home},
	{first: "Dmitri", last: "Volkov", street: "71 Harvard Street", city: "Brookline", zip: "02446", terms: "Net 15", habit: byCard, monthly: 4295, cycle: 1, since: 9, sites: homeAndFire},
	{first: "Grace", last: "Abernathy", street: "300 Court Street", city: "Plymouth", zip: "02360", terms: "Net 15", habit: byCheck, monthly: 3995, cycle: 3, since: 26, sites: home},
	{first: "Luis", last: "Fernández-Peña", street: "15 Lafayette Street", city: "Salem", zip: "01970", terms: "Net 15", habit: byCard, monthly: 3995, cycle: 1, since: 17, sites: home},
	{first: "Edith", last: "Van der Berg", street: "6 Concord Avenue", city: "Cambridge", zip: "02138", terms: "Net 15", habit: overpaying, monthly: 3995, cycle: 3, since: 24, sites: home},
	{first: "Samuel", last: "Ahn", street: "48 Davis Square", city: "Somerville", zip: "02144", terms: "Net 15", habit: byECheck, monthly: 4295, cycle: 1, since: 20, sites: homeAndFire},
	{first: "Beatrice", last: "Lombardi", street: "9 North Square", city: "Boston", zip: "02113", terms: "Net 15", habit: byCash, monthly: 3995, cycle: 1, since: 12, sites: home},
	{first: "Calvin", last: "Brooks", street: "84 Plantation Street", city: "Worcester", zip: "01604", terms: "Net 15", habit: late, monthly: 3995, cycle: 1, since: 24, sites: home},
	{first: "Ingrid", last: "Sørensen", street: "27 Waltham Street", city: "Lexington", zip: "02421", terms: "Net 15", habit: byCard, monthly: 4295, cycle: 12, since: 25, sites: homeAndFire},
	{first: "Michael", last: "O'Shaughnessy", street: "555 East Broadway", city: "Boston", zip: "02127", terms: "Net 15", habit: byCheck, monthly: 3995, cycle: 1, since: 29, sites: home},
	{first: "Yasmin", last: "El-Sayed", street: "33 Westford Street", city: "Lowell", zip: "01851", terms: "Net 15", habit: byECheck, monthly: 3995, cycle: 1, since: 10, sites: home},
	{first: "Charles", last: "Montgomery III", street: "1 Louisburg Square", city: "Boston", zip: "02108", terms: "Net 15", habit: byCheck, monthly: 4295, cycle: 12, since: 30, sites: homeAndFire},
	{first: "Fatima", last: "Haidari", street: "212 Pelham Street", city: "Lowell", zip: "01852", terms: "Net 15", habit: byCard, monthly: 0, cycle: 1, since: 8, sites: home},
}

// password is that of every customer's log-in, staffPassword that of the office's.
const (
	password      = "lantern-street-48"
	staffPassword = "beacon-hill-office-48"
	staffEmail    = "owner@beaconhillsecurity.example"
	clerkEmail    = "ben@beaconhillsecurity.example"

	technicianEmail = "dana@beaconhillsecurity.example"
	sellerEmail     = "sam@beaconhillsecurity.example"
)

// people are the log-ins: the customers each of them sees, by their place in
// households.
var people = []struct {
	customers []int
	about     string
}{
	{[]int{0}, "open, past due and part-paid invoices"},
	{[]int{1}, "a card with Auto Recurring"},
	{[]int{2, 21}, "a business with two sites, an eCheck on its way; sees a second customer"},
	{[]int{3}, "a card that expires soon"},
	{[]int{4}, "many open invoices"},
	{[]int{5}, "all paid, and credit left over"},
}

// newcomers have no log-in yet, by their place in households.
var newcomers = []struct {
	customer int
	about    string
}{
	{6, "register as Robert, not Bob"},
	{7, "an apostrophe and a hyphen"},
	{8, "accents may be left out"},
	{9, "a business"},
	{10, "has no e-mail on file: asks the dealer to add one"},
}

// customerNumber is the number of the customer at a place of households.
func customerNumber(i int) string { return fmt.Sprint(10010 + 7*i) }

// phone is a number kept for fiction, another one for each customer.
func (h household) phone(i int) string { return fmt.Sprintf("(%s) 555-01%02d", area[h.city], i) }

// address is the customer's e-mail address, "" for none on file.
func (h household) address() string {
	switch h.email {
	case "-":
		return ""
	case "":
		return plain(h.first) + "." + plain(h.last) + "@example.com"
	}
	return h.email
}

// plain makes a name into what an address is usually made of.
func plain(s string) string {
	fold := strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ø", "o", "ñ", "n", "ú", "u", "ü", "u", "ë", "e", "ß", "ss", "ễ", "e", "ấ", "a", "É", "e")
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, fold.Replace(strings.ToLower(s)))
}

// display is what lists call the customer.
func (h household) display() string {
	if h.business != "" {
		return h.business
	}
	return h.first + " " + h.last
}
