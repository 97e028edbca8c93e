// Package edit writes a changed value into existing text. Only the bytes of the values that
// differ change. The package holds everything that does not depend on the grammar of one
// format. A format implements [Format].
//
// # How an edit runs
//
// [Edit] takes the text and two encodings of the program's value. The old encoding is of the
// value that was decoded from the text. The new encoding is of the value to write. Edit compares
// the two encodings, and never the text with the new encoding, since that would write defaults into
// a file whose owner left them out.
//
// The caller makes the old encoding while it loads the text for the user's function. So an Update
// decodes twice: once for the function, and once for the proof. If the old encoding is the text
// itself, only the codec has written the text. Then the caller replaces it by the new encoding
// without an edit.
//
//  1. A [Comparer] leaves out the parts with the same spelling in both encodings. [Diff] compares
//     the other parts and gives operations: set, delete, insert, rename, and in lists move. It pairs
//     the elements of two lists in this order:
//     equal values;
//     elements with the same id, name or key;
//     elements with the same value at another key that most elements have, and that is unique in
//     both lists;
//     elements at the same position, if the list kept its length and no other element has more
//     in common.
//     Then an [Outliner] reads the parts of the text that the operations touch, and leaves out all
//     others.
//  2. The operations are applied to the tree of the text as a [Patch]. Keys are matched as the
//     decoder matches them. Missing parents are created. A value that comes through an alias or a
//     merge becomes a local value. Keys that the encodings do not have stay.
//  3. The format turns the patch into splices of bytes. Their offsets are those of the old text, and
//     they are applied from the back.
//  4. The result is parsed and compared with the old tree after the patch. Kind, type, value,
//     anchor and order must be equal; if [Document].Loose is set, the order does not count. Every
//     comment must be there, except comments at the ends of a deleted entry's lines and comments of
//     deleted list elements. Every element of a changed list must have its own comments and
//     no others; [Format].Elements says which comments belong to an element. At last,
//     [Options].Check decides.
//
// The proof covers the whole text and not only the changed lines, since a change may affect the
// lines below it: by indentation in YAML, and by headers in TOML. Outlines do not weaken the proof.
// The new text is read from its beginning to its end. A part that was left out must be at the same
// position in the tree, with the same bytes. If an edit by an outline fails, the whole text is read.
//
// # Why a part can prove the whole
//
// The check decodes the new text and encodes the value. This costs more than everything else. In
// JSON and TOML, a decoder gives the same result for a value wherever the value is, unless a type
// decodes itself or two keys of a text can be one key of a map. So with an [Excerpter] only the
// touched entries are decoded, each with the collections around it:
//
//   - By the comparison of the trees, all other entries have the bytes that they had. They decode to
//     the same values as before, and the two encodings agree about these values.
//   - The format proves that the whole new text is valid, without decoding it. TOML's decoder has
//     parsed it, and its keys are compared with those of the outline. If two keys of one table
//     differ only in case, the whole text is decoded.
//   - The excerpt holds the touched entries and the collections around them. It is decoded as a
//     value of the caller's type, and encoded. The result must agree with the new encoding, and must
//     not have more keys. This finds the same errors as decoding the whole: a key that the
//     decoder stores in another field, a number that does not fit, a field that is left out when it
//     is zero.
//
// For all other types, and if an excerpt can't be compared with the new encoding, the whole new text
// is decoded.
//
// # If an edit can't be proven
//
// An edit that can't be proven is tried again in ways that change more of the text. [Report] says
// which way was needed:
//   - the new value is written in another style
//   - an alias or a merge is replaced by a local value
//   - the smallest collection around the change is rendered anew, then the next one outward
//   - the whole text is rendered anew
//   - the new encoding replaces the text
//
// If a way would lose comments, [Options].Refuse makes the edit fail.
//
// The package does not touch files, and keeps nothing between calls.
//
// # Random tests
//
// The random tests make operations of every kind in texts of every format, and count the edits that
// needed splices only. If HOLDFAST_CORPUS names a folder with configuration files that people
// maintain and the public test suites, they use these texts. Otherwise they use a few texts of the
// project:
//
//	go test -v -run Random ./internal/... && go -C internal/format/toml/corpustest test -v -run Random .
//
// With HOLDFAST_LONG=1 they change every position of every file three times. With -short they make a
// third of the usual changes.
package edit
