package document

import (
	"bytes"

	"github.com/go-pdf/fpdf"
)

// Invoice makes the PDF of an issued invoice.
func Invoice(d InvoiceData) ([]byte, error) { return draft("Invoice " + d.Number) }

// Receipt makes the PDF of a payment.
func Receipt(d ReceiptData) ([]byte, error) { return draft("Receipt " + d.Reference) }

// Statement makes the PDF of an account over a period.
func Statement(d StatementData) ([]byte, error) { return draft("Statement " + d.CustomerNumber) }

func draft(title string) ([]byte, error) {
	pdf := fpdf.New("P", "pt", "Letter", "")
	pdf.AddPage()
	pdf.SetFont("Helvetica", "", 12)
	pdf.Cell(0, 14, title)
	var out bytes.Buffer
	err := pdf.Output(&out)
	return out.Bytes(), err
}
