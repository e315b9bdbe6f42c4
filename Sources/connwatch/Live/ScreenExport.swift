// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc

/// Writes the rows of a screen to a file of their own.
enum ScreenExport {
  /// Makes a file that nothing was at before, and gives its descriptor; below 0, and errno, where that fails.
  typealias Opener = (String) -> Int32

  /// A name for what a view shows at a moment: `connwatch-connections-20261123T140322.json`.
  static func defaultName(view: String, time: Timestamp, zone: Zone = .local) -> String {
    // `2026-11-23 14:03:22`, with a Z for UTC.
    let text = time.text(in: zone).unicodeScalars.compactMap { scalar -> Character? in
      switch scalar {
      case "-", ":": nil
      case " ": "T"
      default: Character(scalar)
      }
    }
    return "connwatch-\(view)-\(String(text)).json"
  }

  /// The format by a name's ending; what has no ending that says another is a table.
  static func format(of path: String) -> OutputFormat {
    let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    if name.hasSuffix(".json") || name.hasSuffix(".ndjson") { return .json }
    return name.hasSuffix(".csv") ? .csv : .table
  }

  /// Writes rows to a file that does not exist yet.
  ///
  /// - Parameters:
  ///   - table: the columns of a table; those of the row where nil.
  ///   - home: what `~` stands for.
  ///   - makeFile: makes the file.
  /// - Returns: how many rows, and the path with `~` expanded.
  /// - Throws: ``Failure``; nothing of the file is left then, unless it was there before.
  @discardableResult
  static func write<Row: OutputRow>(
    _ rows: some Sequence<Row>, to path: String, table: [TableColumn<Row.Field>]? = nil, zone: Zone = .local,
    home: String? = home(), makeFile: Opener = make
  ) throws(Failure) -> (rows: Int, path: String) {
    let path = try expand(path, home: home)
    let descriptor = makeFile(path)
    guard descriptor >= 0 else { throw failure(path, errno) }
    var count = 0
    var number: Int32 = 0
    do {
      count = try write(rows, format(of: path), table, zone, to: descriptor)
    } catch OutputError.failed(let why) {
      number = why
    } catch {
      number = EPIPE
    }
    // A disk elsewhere may tell only now that it is full.
    if close(descriptor) != 0, number == 0, errno != EINTR { number = errno }
    if number != 0 {
      unlink(path)
      throw failure(path, number)
    }
    return (count, path)
  }

  private static func write<Row: OutputRow>(
    _ rows: some Sequence<Row>, _ format: OutputFormat, _ table: [TableColumn<Row.Field>]?, _ zone: Zone,
    to descriptor: Int32
  ) throws -> Int {
    var options = OutputOptions()
    options.format = format
    options.zone = zone
    let output = StandardOutput(descriptor: descriptor)
    var printer = try RowPrinter(Row.self, table: table, options: options, to: output)
    // A table is measured before it is written, so its rows come together.
    let rows = Array(rows)
    try printer.print(rows)
    try output.flush()
    return rows.count
  }

  /// open(2): neither what is there nor what a link points to is written to.
  static func make(_ path: String) -> Int32 {
    open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o640)
  }

  /// `$HOME`, or what the system has for the user.
  static func home() -> String? {
    if let home = getenv("HOME").map({ String(cString: $0) }), !home.isEmpty { return home }
    return getpwuid(geteuid())?.pointee.pw_dir.map { String(cString: $0) }
  }

  private static func expand(_ path: String, home: String?) throws(Failure) -> String {
    if path.isEmpty { throw Failure("no name given (name a file that does not exist yet)") }
    guard path == "~" || path.hasPrefix("~/") else { return path }
    guard let home else { throw Failure("\(path): no home directory (give the whole path)") }
    return home + path.dropFirst()
  }

  private static func failure(_ path: String, _ number: Int32) -> Failure {
    let hint =
      switch number {
      case EEXIST: " (name a file that does not exist yet)"
      case ENOENT, ENOTDIR: " (its directory has to be there)"
      case EACCES, EPERM, EROFS: " (name one in a directory that you may write to)"
      case ENOSPC, EDQUOT, EFBIG: " (nothing of it was kept)"
      default: ""
      }
    return Failure("\(path): \(String(cString: strerror(number)))\(hint)")
  }
}
