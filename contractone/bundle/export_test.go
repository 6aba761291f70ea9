package bundle

// What tests look at or feed with foreign bytes.
type Record = record

var (
	DecodeRecord = decodeRecord
	EncodeRecord = encodeRecord
	FileStem     = fileStem
	FolderName   = folderName
)
