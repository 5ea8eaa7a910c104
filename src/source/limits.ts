/** Names every bound on what comes in, so that no input can take more memory or time than it is worth. */

/** Sizes are bytes, or characters where text is already decoded. */
export interface ReadLimits {
  /** one JSON document: a request body or a `.json` file */
  readonly jsonBytes: number;
  /** one record within a JSON array, as text */
  readonly recordBytes: number;
  /** nesting of arrays and objects */
  readonly depth: number;
  /** one line of NDJSON */
  readonly ndjsonLineBytes: number;
  /** one record of CSV, its quoted newlines included */
  readonly csvRecordBytes: number;
  /** cells of one row, in CSV and XLSX */
  readonly columns: number;
  /** one workbook as it lies on disk */
  readonly xlsxBytes: number;
  /** all parts of one workbook, inflated */
  readonly xlsxInflatedBytes: number;
  /** inflated to compressed size of one part; deflate reaches 1,032, sheets of real data about 30 */
  readonly xlsxRatio: number;
  /** parts of one workbook */
  readonly xlsxEntries: number;
  /** characters of text that all cells of one workbook share */
  readonly xlsxSharedText: number;
}

export const READ_LIMITS: ReadLimits = {
  jsonBytes: 10_000_000,
  recordBytes: 1_000_000,
  depth: 64,
  ndjsonLineBytes: 1_000_000,
  csvRecordBytes: 1_000_000,
  columns: 500,
  xlsxBytes: 20_000_000,
  xlsxInflatedBytes: 200_000_000,
  xlsxRatio: 200,
  xlsxEntries: 1_000,
  xlsxSharedText: 50_000_000,
};
