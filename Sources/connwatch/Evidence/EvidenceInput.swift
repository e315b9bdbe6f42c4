// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc
import ProcNet

/// How files of evidence are read.
struct EvidenceInput {
  let names: Names
  let global: GlobalOptions
  var format: EvidenceFormat?
  var byteOrder = ByteOrder.host
  var isWhole = false

  /// How many unreadable lines of a file are shown.
  static let shown = 20

  /// What came of a file.
  struct Reading {
    var digest: [UInt8]
    var format: EvidenceFormat?
    var covers: EvidenceCover
    var unreadable: Int
  }

  /// Reads a file and hands over its sockets, with the numbers of their lines; what cannot be read is told on standard
  /// error.
  func read(_ file: EvidenceFile, _ body: (Sighting, Int) throws -> Void) throws -> Reading {
    var reader = SightingReader(
      name: file.name, services: names.services, format: format, byteOrder: byteOrder, isWhole: isWhole)
    var unreadable = 0
    // A line can say more of the one before.
    var held: (sighting: Sighting, line: Int)?
    let digest = try file.lines { bytes, line in
      switch reader.read(bytes, line) {
      case .sightings(let sightings):
        for sighting in sightings {
          if let held { try body(held.sighting, held.line) }
          held = (sighting, line.number)
        }
      case .amends(let program):
        if let process = held?.sighting.owner.process {
          held?.sighting.owner.process = OwningProcess(pid: process.pid, startTime: 0, name: program)
        }
      case .nothing: break
      case .unreadable(let why):
        unreadable += 1
        if unreadable <= Self.shown {
          let excerpt = String(decoding: bytes.prefix(60), as: UTF8.self)
          let shown = excerpt.filter { $0 != "\r" && $0 != "\n" }
          global.remark("\(file.name):\(line.number): \(why): \(shown)\(bytes.count > 60 ? "…" : "")")
        }
      }
    }
    if let held { try body(held.sighting, held.line) }
    if unreadable > Self.shown {
      global.remark("\(file.name): \(unreadable - Self.shown) more lines cannot be read")
    }
    return Reading(digest: digest, format: reader.format, covers: reader.covers, unreadable: unreadable)
  }

  /// The files of a name: the tables in it where it is a directory such as a copy of /proc/net, else itself.
  static func files(named name: String) throws(Failure) -> [EvidenceFile] {
    var status = stat()
    guard name != "-", stat(name, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      return [try EvidenceFile(name)]
    }
    var files: [EvidenceFile] = []
    for proto in Proto.allCases {
      let path = name.hasSuffix("/") ? name + proto.name : "\(name)/\(proto.name)"
      if access(path, F_OK) == 0 { files.append(try EvidenceFile(path)) }
    }
    if files.isEmpty { throw Failure("\(name): no tables in this directory (tcp, tcp6, udp, udp6)") }
    return files
  }
}
