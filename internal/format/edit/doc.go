// Package edit writes a changed value into existing text so that only the
// bytes of what changed differ. It holds everything about that which is not
// the grammar of one format; a format joins in through [Format].
//
// # How an edit runs
//
// [Edit] is given the text and two encodings of the program's own value: as it
// was when it was read from that text, and as it is to be. It never compares
// the text with the new encoding, since that would write defaults into a file
// whose owner left them out.
//
// The caller takes the first encoding while it loads the text for the user's
// function, so an Update decodes once for that and once for the proof. If the first
// encoding is the text itself, nobody but the codec has written there, and the caller
// writes the second encoding over it without an edit.
//
//  1. A [Comparer] leaves out what is spelled the same in both encodings. [Diff]
//     compares the rest: set, delete, insert, and in lists move.
//     Elements of lists are paired by identity: equal values, then those that have
//     the same id, name or key, or another key with the same value that is unique in
//     both lists and that most elements have, and last by position, if the list kept its
//     length and no other element has more in common.
//     An [Outliner] then reads of the text what the operations touch, and leaves out
//     the rest.
//  2. The operations are laid onto the text's own tree as a [Patch]: keys
//     matched as the decoder matches them, missing parents created, values
//     that come through an alias or a merge made local. Keys that the
//     encodings do not know stay.
//  3. The format turns the patch into splices of bytes, all on the text as it
//     was, and they are applied from the back.
//  4. The result is parsed again and must equal the old tree with the patch
//     applied, in kind, type, value, anchor and, unless its format is
//     [Document].Loose about it, order, and hold every comment
//     but those at the end of a deleted entry's lines and those of deleted list
//     elements. Every element of a list that changed must have the comments that
//     it had, and none of another one: [Format].Elements says what belongs to
//     which. Last, the caller's [Options].Check decides.
//
// The proof is of the whole text, not of the lines that were touched: what a change
// does to the lines below it depends on indentation in YAML and on headers in TOML.
// Outlines do not weaken it. The new text is read from its beginning to its end, and
// what was left out must be where it was in the tree, and the same to the byte. If the
// gentle ways of an outline fail, the whole text is read.
//
// # Why a part can prove the whole
//
// The check decodes the new text and encodes what it finds, which costs more than all
// the rest. In JSON and TOML a decoder makes of a value the same wherever it is, as long
// as no type decodes itself and no two keys of a text can be one key of a map. So an
// [Excerpter] lets it be asked of the touched entries alone, each in its place:
//
//   - The tree proof has shown that all else has the bytes that it had. It decodes to
//     what it decoded to before, of which the two encodings say the same.
//   - The whole new text is valid; that is asked of the format, without decoding. TOML's
//     decoder has parsed it by then, and its keys are compared with those of the outline.
//     Where two keys of one table differ in case alone, the whole is decoded.
//   - An excerpt of the touched entries, with the collections around them and nothing
//     else, is decoded as a value of the caller's type and encoded. It must have there
//     what the new encoding has, and no key that this has not: so a key that the decoder
//     takes for another field, a number that does not fit and a field that is left out
//     when it is zero show as they would in the whole.
//
// For all other types, and where the two can't be laid upon each other, the whole new
// text is decoded.
//
// # Where it weakens
//
// What can't be proven climbs a ladder, and [Report] says how far: another
// rendering of the new value, a local value in place of an alias or merge, the
// smallest enclosing collection rendered anew and then the next outward, the
// whole file, and last the new encoding in place of the text. From the rung on
// where comments go, [Options].Refuse makes it an error instead.
//
// Nothing here touches a file, and nothing is kept between calls.
//
// # What the tests count
//
// Random operations of every kind on texts of every format, and how many of
// them were done by splices alone. The texts are configuration files that people
// maintain and the public suites, where HOLDFAST_CORPUS names a folder with them, and a
// few of the project's own otherwise:
//
//	go test -v -run Random ./internal/... && go -C internal/format/toml/corpustest test -v -run Random .
//
// With HOLDFAST_LONG=1 that is every position of every file, three times; with
// -short it is a third of the usual ones.
package edit
