// Command gotlog checks a ledger and its receipts with code that Liuhen did not write: the note and tlog packages
// of the Go checksum database (golang.org/x/mod/sumdb). Only paths and framing are adapted here, since the checksum
// database keeps its tiles at tile/8/<level>/<index> and C2SP tlog-tiles at tile/<level>/<index>.
//
//	gotlog [-old CHECKPOINT] [-every K] FOLDER VKEY   check an exported ledger
//	gotlog -receipt RECEIPT VKEY                      check the proof in a receipt
//
// It exits with 0 if it accepts, with 1 and a line that says why if it refuses, with 2 if it was called wrongly.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

func main() {
	old := flag.String("old", "", "an older `checkpoint` that the ledger must continue")
	every := flag.Int64("every", 1, "prove the inclusion of each `k`-th entry")
	receipt := flag.String("receipt", "", "check the proof in this `file` instead of a ledger")
	flag.Parse()
	if *every < 1 || *receipt == "" && flag.NArg() != 2 || *receipt != "" && flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	var summary string
	var err error
	if *receipt != "" {
		summary, err = checkReceipt(*receipt, flag.Arg(0))
	} else {
		summary, err = checkLedger(flag.Arg(0), flag.Arg(1), *old, *every)
	}
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	fmt.Println("accepted:", summary)
}

// readKey returns the verifier for the key text in a file.
func readKey(path string) (note.Verifier, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(strings.TrimSuffix(string(text), "\n"))
}

// openCheckpoint verifies a signed checkpoint and returns the tree that it is the head of.
func openCheckpoint(data []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(data, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tlog.Tree{}, errors.New("checkpoint: not three lines")
	}
	if lines[0] != key.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint: origin %q, not %q", lines[0], key.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("checkpoint: size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: root: %w", err)
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// ledger is an exported folder, read for a tree of a given size.
type ledger struct {
	folder string
	tree   tlog.Tree
}

// place returns the end of a path: the index in groups of three digits, and the width unless it is full.
func place(index, w int64) string {
	path := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		path = fmt.Sprintf("x%03d/%s", index%1000, path)
	}
	if w < width {
		path += fmt.Sprintf(".p/%d", w)
	}
	return path
}

// Height returns the height of the tiles, see tlog.TileReader.
func (l ledger) Height() int { return height }

// SaveTiles does nothing, see tlog.TileReader.
func (l ledger) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles returns tiles from their C2SP paths, see tlog.TileReader.
func (l ledger) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := fmt.Sprintf("tile/%d/%s", tile.L, place(tile.N, int64(tile.W)))
		data, err := os.ReadFile(filepath.Join(l.folder, path))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path, len(data))
		}
		found[i] = data
	}
	return found, nil
}

// readBundle returns the entries of one bundle.
func (l ledger) readBundle(index, w int64) ([][]byte, error) {
	path := "tile/entries/" + place(index, w)
	data, err := os.ReadFile(filepath.Join(l.folder, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for i := int64(0); i < w; i++ {
		if len(data) < 2 {
			return nil, fmt.Errorf("%s holds %d entries, not %d", path, i, w)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		if len(data) < end {
			return nil, fmt.Errorf("%s ends within entry %d", path, i)
		}
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(data) != 0 {
		return nil, fmt.Errorf("%s holds more than %d entries", path, w)
	}
	return entries, nil
}

// stored are the hashes of a tree built anew from its entries, in the order of tlog.StoredHashIndex.
type stored []tlog.Hash

// ReadHashes returns hashes by their storage indexes, see tlog.HashReader.
func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = s[index]
	}
	return found, nil
}

func checkLedger(folder, keyFile, oldFile string, every int64) (string, error) {
	key, err := readKey(keyFile)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(data, key)
	if err != nil {
		return "", err
	}
	l := ledger{folder, tree}
	if err := l.checkFiles(); err != nil {
		return "", err
	}
	if tree.N == 0 {
		if tree.Hash != tlog.Hash(sha256.Sum256(nil)) {
			return "", errors.New("the empty tree has another root")
		}
		return "0 entries", nil
	}
	leaves, err := l.checkEntries()
	if err != nil {
		return "", err
	}
	proven, err := l.proveEntries(leaves, every)
	if err != nil {
		return "", err
	}
	if oldFile != "" {
		if err := l.checkContinues(oldFile, key); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d entries, inclusion of %d proven", tree.N, proven), nil
}

var tilePath = regexp.MustCompile(`^tile/(?:([0-9]+)|entries)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]+))?$`)

// checkFiles refuses files below tile/ that the tree of the checkpoint does not have.
func (l ledger) checkFiles() error {
	root := filepath.Join(l.folder, "tile")
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) && l.tree.N == 0 {
		return nil
	}
	return filepath.WalkDir(root, func(path string, item fs.DirEntry, err error) error {
		if err != nil || item.IsDir() {
			return err
		}
		name, err := filepath.Rel(l.folder, path)
		if err != nil {
			return err
		}
		parts := tilePath.FindStringSubmatch(filepath.ToSlash(name))
		if parts == nil {
			return fmt.Errorf("%s is no part of a ledger", name)
		}
		level, _ := strconv.Atoi("0" + parts[1])
		index, err := strconv.ParseInt(strings.NewReplacer("x", "", "/", "").Replace(parts[2]), 10, 64)
		if err != nil || level > 7 {
			return fmt.Errorf("%s is beyond any ledger", name)
		}
		w := int64(width)
		if parts[3] != "" {
			if w, err = strconv.ParseInt(parts[3], 10, 64); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if index*width+w > l.tree.N>>(uint(height)*uint(level)) {
			return fmt.Errorf("%s is beyond the checkpoint's %d entries", name, l.tree.N)
		}
		return nil
	})
}

// checkEntries builds the tree anew from the entries, compares its root with the signed one, and returns the leaf hashes.
func (l ledger) checkEntries() ([]tlog.Hash, error) {
	var built stored
	var leaves []tlog.Hash
	for first := int64(0); first < l.tree.N; first += width {
		w := l.tree.N - first
		if w > width {
			w = width
		}
		entries, err := l.readBundle(first/width, w)
		if err != nil {
			return nil, err
		}
		for i, entry := range entries {
			hashes, err := tlog.StoredHashes(first+int64(i), entry, built)
			if err != nil {
				return nil, err
			}
			built = append(built, hashes...)
			leaves = append(leaves, hashes[0])
		}
	}
	root, err := tlog.TreeHash(l.tree.N, built)
	if err != nil {
		return nil, err
	}
	if root != l.tree.Hash {
		return nil, fmt.Errorf("the entries make root %v, the checkpoint signs %v", root, l.tree.Hash)
	}
	return leaves, nil
}

// proveEntries reads every leaf hash through authenticated tiles, and proves the inclusion of each k-th entry by them.
func (l ledger) proveEntries(leaves []tlog.Hash, every int64) (int, error) {
	tiles := tlog.TileHashReader(l.tree, l)
	for first := 0; first < len(leaves); first += width {
		end := first + width
		if end > len(leaves) {
			end = len(leaves)
		}
		var indexes []int64
		for i := first; i < end; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, int64(i)))
		}
		hashes, err := tiles.ReadHashes(indexes)
		if err != nil {
			return 0, err
		}
		for i, hash := range hashes {
			if hash != leaves[first+i] {
				return 0, fmt.Errorf("entry %d is not the one in its tile", first+i)
			}
		}
	}
	proven := 0
	for i := int64(0); i < l.tree.N; i += every {
		proof, err := tlog.ProveRecord(l.tree.N, i, tiles)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckRecord(proof, l.tree.N, l.tree.Hash, i, leaves[i]); err != nil {
			return 0, fmt.Errorf("entry %d: %w", i, err)
		}
		proven++
	}
	return proven, nil
}

// checkContinues proves that the ledger continues an older checkpoint of its own.
func (l ledger) checkContinues(oldFile string, key note.Verifier) error {
	data, err := os.ReadFile(oldFile)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(data, key)
	if err != nil {
		return fmt.Errorf("older %w", err)
	}
	if old.N > l.tree.N {
		return fmt.Errorf("the ledger had %d entries and now has %d", old.N, l.tree.N)
	}
	if old.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(l.tree.N, old.N, tlog.TileHashReader(l.tree, l))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, l.tree.N, l.tree.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("the ledger does not continue its older checkpoint of %d entries: %w", old.N, err)
	}
	return nil
}

// receipt holds what is checked of a receipt, see docs/spec/receipt.md.
type receipt struct {
	Recording string  `json:"recording"`
	Size      int64   `json:"size"`
	Sha256    string  `json:"sha256"`
	Sm3       *string `json:"sm3"`
	Entry     string  `json:"entry"`
	Proof     string  `json:"proof"`
}

// entry holds what is checked of a ledger entry.
type entry struct {
	Type    string `json:"type"`
	Subject string `json:"subject"`
	Objects []struct {
		Role   string  `json:"role"`
		Size   int64   `json:"size"`
		Sha256 string  `json:"sha256"`
		Sm3    *string `json:"sm3"`
	} `json:"objects"`
}

func checkReceipt(file, keyFile string) (string, error) {
	key, err := readKey(keyFile)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var r receipt
	if err := json.Unmarshal(data, &r); err != nil {
		return "", fmt.Errorf("receipt: %w", err)
	}
	leaf, err := base64.StdEncoding.DecodeString(r.Entry)
	if err != nil {
		return "", fmt.Errorf("receipt: entry: %w", err)
	}
	if err := r.checkEntry(leaf); err != nil {
		return "", err
	}
	index, tree, err := r.checkProof(leaf, key)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("entry %d of %d, sha256 %s, %d bytes", index, tree.N, r.Sha256, r.Size), nil
}

// checkEntry compares what the receipt states with what its entry says.
func (r receipt) checkEntry(leaf []byte) error {
	var e entry
	if err := json.Unmarshal(leaf, &e); err != nil {
		return fmt.Errorf("entry: %w", err)
	}
	role, known := map[string]string{"recording:sealed": "original", "recording:attached": "attachment"}[e.Type]
	if !known || e.Subject != "recording/"+r.Recording {
		return fmt.Errorf("entry: %s of %s does not seal recording %s", e.Type, e.Subject, r.Recording)
	}
	for _, object := range e.Objects {
		sameSm3 := (object.Sm3 == nil) == (r.Sm3 == nil) && (r.Sm3 == nil || *object.Sm3 == *r.Sm3)
		if object.Role == role && object.Size == r.Size && object.Sha256 == r.Sha256 && sameSm3 {
			return nil
		}
	}
	return fmt.Errorf("entry: no %s of %d bytes with sha256 %s", role, r.Size, r.Sha256)
}

// checkProof verifies the tlog-proof of the receipt for its entry.
func (r receipt) checkProof(leaf []byte, key note.Verifier) (int64, tlog.Tree, error) {
	head, checkpoint, found := bytes.Cut([]byte(r.Proof), []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return 0, tlog.Tree{}, errors.New("proof: malformed")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return 0, tlog.Tree{}, fmt.Errorf("proof: %w", err)
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return 0, tlog.Tree{}, fmt.Errorf("proof: %w", err)
		}
		proof = append(proof, hash)
	}
	tree, err := openCheckpoint(checkpoint, key)
	if err != nil {
		return 0, tlog.Tree{}, err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
		return 0, tlog.Tree{}, fmt.Errorf("proof: %w", err)
	}
	return index, tree, nil
}
