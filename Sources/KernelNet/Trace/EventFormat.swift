// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// How an event's record is laid out, as the kernel says it in `events/GROUP/NAME/format`
/// (Documentation/trace/events.rst).
///
/// Offsets differ between kernels and architectures, so none is taken from anywhere else.
struct EventFormat: Equatable {
  /// Where a field's value is.
  enum Place: Equatable {
    /// In the field itself.
    case here
    /// Elsewhere in the record: the field holds its offset from the record's start, and its length above that
    /// (`__data_loc`).
    case fromRecord
    /// The same, but the offset counts from the field's end (`__rel_loc`).
    case fromField
  }

  /// A field.
  struct Field: Equatable {
    var name: String
    /// Bytes from the record's start.
    var offset: Int
    /// Bytes.
    var size: Int
    var place: Place
  }

  /// The event, such as `sock/inet_sock_set_state`.
  let event: String
  /// The number in the first field of every record of it; 0 where the file has none.
  let id: UInt16
  /// The fields, in the file's order.
  let fields: [Field]

  /// Reads the file's content; lines that are not understood are passed over.
  init(_ bytes: [UInt8], event: String) {
    self.event = event
    var id: UInt16 = 0
    var fields: [Field] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix("ID:") {
        id = UInt16(line.dropFirst(3).drop { $0 == " " }) ?? 0
      } else if let field = Field(line) {
        fields.append(field)
      }
    }
    self.id = id
    self.fields = fields
  }

  /// The field of a name.
  ///
  /// - Throws: ``TraceError`` of kind `missing`.
  func field(_ name: String) throws(TraceError) -> Field {
    guard let field = fields.first(where: { $0.name == name }) else {
      throw TraceError(.missing, what: event, why: "this kernel's event has no field \(name)")
    }
    return field
  }
}

extension EventFormat.Field {
  /// Reads a line such as `field:__u8 saddr[4];	offset:32;	size:4;	signed:0;`, nil for any other line.
  init?(_ line: Substring) {
    let line = line.drop { $0 == "\t" || $0 == " " }
    guard line.hasPrefix("field:") else { return nil }
    var offset: Int?
    var size: Int?
    var declaration: Substring = ""
    for part in line.split(separator: ";") {
      let part = part.drop { $0 == "\t" || $0 == " " }
      guard let colon = part.firstIndex(of: ":") else { continue }
      let value = part[part.index(after: colon)...]
      switch part[..<colon] {
      case "field": declaration = value
      case "offset": offset = Int(value)
      case "size": size = Int(value)
      default: break
      }
    }
    let words = declaration.split { $0 == " " || $0 == "*" }
    // Records are shorter than a page, which is 64 KiB at most.
    guard let name = words.last, let offset, let size, 0..<65_536 ~= offset, 0..<65_536 ~= size else {
      return nil
    }
    self.name = String(name.prefix { $0 != "[" })
    self.offset = offset
    self.size = size
    place = words.first == "__data_loc" ? .fromRecord : words.first == "__rel_loc" ? .fromField : .here
  }
}
