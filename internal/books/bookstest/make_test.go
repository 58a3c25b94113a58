package bookstest_test

import (
	"os"
	"strconv"
	"testing"

	"customerportal/internal/books"
	"customerportal/internal/books/bookstest"
)

// TestMake writes made-up books. BOOKS_DIR names a folder for those of a large
// dealer, 20,000 customers with a million lines or BOOKS_LINES of them, to
// measure the program itself with; otherwise they are few and soon gone.
func TestMake(t *testing.T) {
	size := bookstest.Size{Customers: 20, Lines: 1_000, Shuffle: os.Getenv("BOOKS_SHUFFLE") != ""}
	dir := os.Getenv("BOOKS_DIR")
	if dir == "" {
		dir = t.TempDir()
	} else {
		size.Customers, size.Lines = 20_000, 1_000_000
	}
	if n, err := strconv.Atoi(os.Getenv("BOOKS_LINES")); err == nil {
		size.Customers, size.Lines = max(1, n/50), n
	}
	create, err := books.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := bookstest.Write(create, size, 1); err != nil {
		t.Fatal(err)
	}
}
