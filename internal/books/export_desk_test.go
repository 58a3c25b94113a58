package books

import "io"

// Intake is what a desk keeps of one file, by its names, for the fuzz test.
func Intake(folder, name string, body io.Reader) (names []string, err error) {
	in := newIntake(folder)
	err = in.take(name, body)
	for _, f := range in.files {
		names = append(names, f.Name)
	}
	return names, err
}
