package proposal

import (
	"fmt"
	"strings"

	"customerportal/internal/settings"
)

// ConsentVersion names the wording of [Consent]. It is changed with the words.
const ConsentVersion = "esign 2026-11"

// Consent is the consent to sign electronically, as it is shown in full before a
// proposal is accepted, with what has to be disclosed (15 U.S.C. 7001(c)): the
// right to paper and to withdraw, what it covers, how to do so and to tell a new
// address, what it takes to read and keep the records.
func Consent(c settings.Company, number string, version int64) []string {
	return []string{
		fmt.Sprintf("By ticking the box below I agree to sign proposal %s, version %d, of %s electronically, and to get it, the signed copy and the notices that belong to it as electronic records. This consent is for this proposal alone.", number, version, c.Name),
		"My name as I type it below, and as I draw it if I do, is my signature. It binds me as my signature on paper would.",
		"I may have the proposal, the signed copy and the notices on paper instead, now or later and free of charge, and I may sign on paper instead: to ask for that, " + reach(c) + ".",
		"I may withdraw this consent at any time without a fee, before I accept by leaving this page, afterwards for what is still to be sent to me by telling " + c.Name + " so. A signature given before stays good. To tell of a new e-mail address, " + reach(c) + ".",
		"To read and keep these records I need a phone, tablet or computer with a current web browser, an e-mail address, a program that shows PDF files, and room to save or a printer to print them. That I have opened this page and the proposal's PDF shows that I have them.",
	}
}

// reach says how the dealer is reached.
func reach(c settings.Company) string {
	var ways []string
	if c.Phone != "" {
		ways = append(ways, "call "+c.Phone)
	}
	if c.Email != "" {
		ways = append(ways, "write to "+c.Email)
	}
	if len(ways) == 0 {
		return "tell " + c.Name
	}
	return strings.Join(ways, " or ")
}
