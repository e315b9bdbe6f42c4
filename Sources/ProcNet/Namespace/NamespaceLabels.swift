// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Gives namespaces labels that tell them apart.
enum NamespaceLabels {
  /// What is known of one.
  struct Facts {
    var inode: UInt64
    /// Its `ip netns` name.
    var name: String?
    /// Where its oldest process is; nil for our own namespace and that of process 1, which are nobody's in particular.
    var place: CgroupPlace?

    /// What it would be called were it alone.
    var wish: String {
      if let name { return name }
      if let container = place?.container { return Self.short(container) }
      return place?.unit ?? NetNamespace.plainLabel(inode)
    }

    /// A container's id as container managers show it; names are kept whole.
    private static func short(_ container: String) -> String {
      let isID =
        container.utf8.count >= 32
        && container.utf8.allSatisfy {
          UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
        }
      return isID ? String(container.prefix(12)) : container
    }
  }

  /// The labels, in the order of the facts. A wish that several have, or that is another one's name, gets its inode
  /// added; names stay what they are, since people type them.
  static func labels(_ facts: [Facts]) -> [String] {
    var wishes: [String: Int] = [:]
    for fact in facts { wishes[fact.wish, default: 0] += 1 }
    // Two directories of names may have one name for two namespaces: the first keeps it.
    var taken: Set<String> = []
    var labels = facts.map { fact -> String? in
      guard let name = fact.name, taken.insert(name).inserted else { return nil }
      return name
    }
    for (index, fact) in facts.enumerated() where labels[index] == nil {
      var label = fact.wish
      if wishes[label, default: 0] > 1 { label += ":[\(fact.inode)]" }
      // A name may look like any label at all.
      while !taken.insert(label).inserted { label += ":[\(fact.inode)]" }
      labels[index] = label
    }
    return labels.compactMap { $0 }
  }
}
