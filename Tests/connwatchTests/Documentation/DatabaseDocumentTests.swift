// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

/// Holds what is written of the database to a database.
struct DatabaseDocumentTests {
  static let views = ["connections", "listening", "transitions", "gaps", "samples"]

  /// A new database with nothing in it.
  private static func withDatabase(_ body: (Connection) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appending(path: "connwatch.db").path
    let run = HistoryWriter.Run(bootID: "boot", pid: 1, version: "0", source: "proc", interval: 1_000_000)
    let writer = try HistoryWriter(path: path, run: run, now: Timestamp(microseconds: 1_767_261_600_000_000))
    try writer.close(now: Timestamp(microseconds: 1_767_261_600_000_000))
    try body(Connection(path: path, mode: .read))
  }

  private static func columns(of view: String, _ connection: Connection) throws -> [String] {
    let rows = try connection.prepare("SELECT name FROM pragma_table_info('\(view)') ORDER BY cid")
    var columns: [String] = []
    while try rows.step() { columns.append(rows.text(0)) }
    return columns
  }

  @Test
  func `Every view is documented`() throws {
    try Self.withDatabase { connection in
      let rows = try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'")
      var views: Set<String> = []
      while try rows.step() { views.insert(rows.text(0)) }
      #expect(views == Set(Self.views))
    }
  }

  @Test(arguments: views)
  func `Every column of a view is documented, in order, and no other`(view: String) throws {
    let document = try Documents.read("docs/DATABASE.md")
    let page = try Documents.manPage()
    try Self.withDatabase { connection in
      let columns = try Self.columns(of: view, connection)
      #expect(!columns.isEmpty)
      #expect(Documents.firstCells(under: view, in: document) == columns)
      #expect(
        page["DATABASE/The view " + view]?.tags.flatMap { $0.split(separator: ", ").map(String.init) }
          == columns)
    }
  }

  @Test(arguments: [("README.md", 2), ("docs/DATABASE.md", 8)])
  func `Every query runs on a new database`(document: String, least: Int) throws {
    let statements = Documents.statements(in: try Documents.read(document))
    #expect(statements.count >= least)
    try Self.withDatabase { connection in
      for sql in statements {
        do throws(StoreError) {
          let statement = try connection.prepare(sql)
          while try statement.step() {}
        } catch {
          Issue.record("\(error): \(sql)")
        }
      }
    }
  }
}
