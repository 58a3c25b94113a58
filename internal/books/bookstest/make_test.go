package bookstest_test

import (
	"os"
	"strconv"
	"testing"

	"customerportal/internal/books"
	"customerportal/internal/books/bookstest"
)

// TestMake writes made-up books to the folder BOOKS_DIR, for measurements with
// the program itself; without it there is nothing to do.
func TestMake(t *testing.T) {
	dir := os.Getenv("BOOKS_DIR")
	if dir == "" {
		t.Skip("BOOKS_DIR names no folder")
	}
	size := bookstest.Size{Customers: 20_000, Lines: 1_000_000, Shuffle: os.Getenv("BOOKS_SHUFFLE") != ""}
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
