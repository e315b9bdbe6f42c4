// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct HistoryRowTests {
  private static let columns = ["bytes_in", "bytes_out", "rtt_ms", "retransmits", "netns"]

  private static func row(_ traffic: Traffic?, netns: String? = nil) -> HistoryRow {
    let socket = SocketRow(
      proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 0xC000_020A), 40000),
      remote: Endpoint(IPAddress(v4: 0xC633_6407), 443), rawUID: SocketRow.noUID)
    var life = Life(
      id: 1, row: socket, role: .connection, direction: .outbound,
      firstSeen: Timestamp(microseconds: 1_767_261_600_000_000), firstSeenBoot: 0, uncertainty: 0,
      sources: .end)
    life.traffic = traffic
    life.netns = netns
    return HistoryRow(names: Names(), life: life)
  }

  private static func printed(
    _ row: HistoryRow, table: [TableColumn<HistoryRow.Field>]? = nil, _ change: (inout OutputOptions) -> Void
  ) throws -> String {
    var options = OutputOptions(header: false, zone: .utc)
    change(&options)
    let output = StandardOutput.collecting()
    var printer = try RowPrinter(HistoryRow.self, table: table, options: options, to: output)
    try printer.print([row])
    try output.flush()
    return String(decoding: output.collected, as: UTF8.self)
  }

  @Test(
    arguments: [
      (nil, nil, "null,null,null,null,null", ",,,,", "-  -  -  -  -"),
      (
        Traffic(bytesIn: 0, bytesOut: 1023), "web", #"0,1023,null,0,"web""#, "0,1023,,0,web",
        "0  1023  -  0  web"
      ),
      (
        Traffic(bytesIn: 1536, bytesOut: 5_368_709_120, roundTrip: 23_417, retransmits: 12), nil,
        "1536,5368709120,23.417,12,null", "1536,5368709120,23.417,12,", "1.5K  5.0G  23.4ms  12  -"
      ),
      (
        Traffic(bytesIn: .max, bytesOut: 1, roundTrip: 40, retransmits: .max), "a b",
        #"18446744073709551615,1,0.040,4294967295,"a b""#, "18446744073709551615,1,0.040,4294967295,a b",
        "15E  1  0.04ms  4294967295  a b"
      ),
      (
        Traffic(bytesIn: 1, bytesOut: 1, roundTrip: 2_000_000), nil, "1,1,2000.000,0,null", "1,1,2000.000,0,",
        "1  1  2000ms  0  -"
      ),
    ] as [(Traffic?, String?, String, String, String)])
  func `Traffic in every format`(
    _ traffic: Traffic?, _ netns: String?, _ json: String, _ csv: String, _ table: String
  ) throws {
    let row = Self.row(traffic, netns: netns)
    let object = zip(Self.columns, json.split(separator: ",")).map { "\"\($0)\":\($1)" }.joined(
      separator: ",")
    for (format, expected) in [(OutputFormat.json, "{\(object)}"), (.csv, csv), (.table, table)] {
      let text = try Self.printed(row) {
        $0.columns = Self.columns
        $0.format = format
      }
      #expect(text == expected + "\n")
    }
  }

  @Test
  func `The table shows it where it is asked for`() throws {
    let row = Self.row(Traffic(bytesIn: 2048, bytesOut: 100, roundTrip: 1500, retransmits: 1))
    #expect(!(try Self.printed(row) { _ in }).contains("2.0K"))
    #expect(
      (try Self.printed(row, table: HistoryRow.infoTable) { _ in }).contains("  2.0K  100  1.50ms  1  "))
    let headers = HistoryRow.infoTable.map(\.header)
    #expect(headers.filter { !["IN", "OUT", "RTT", "RETR"].contains($0) } == HistoryRow.table.map(\.header))
    #expect(headers.suffix(6) == ["IN", "OUT", "RTT", "RETR", "PID", "PROCESS"])
  }
}
