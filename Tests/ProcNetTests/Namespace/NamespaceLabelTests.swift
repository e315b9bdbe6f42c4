// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProcNet

struct NamespaceLabelTests {
  typealias Facts = NamespaceLabels.Facts

  private static let id = "4f5e6d7c8b9a00112233445566778899aabbccddeeff00112233445566778899"

  private static func container(_ inode: UInt64, _ container: String) -> Facts {
    Facts(inode: inode, place: CgroupPlace(unit: "docker.service", container: container))
  }

  private static func unit(_ inode: UInt64, _ unit: String) -> Facts {
    Facts(inode: inode, place: CgroupPlace(unit: unit, container: nil))
  }

  @Test(arguments: [
    ([Facts(inode: 1)], ["net:[1]"]),
    ([Facts(inode: 1, name: "blue", place: CgroupPlace(unit: "a.service", container: id))], ["blue"]),
    ([container(1, id), unit(2, "a.service")], ["4f5e6d7c8b9a", "a.service"]),
    // Names of containers are kept whole, also those that look like a number.
    ([container(1, "web-frontend-1"), container(2, "abc")], ["web-frontend-1", "abc"]),
    // Two of one wish: neither is it.
    ([unit(1, "a.service"), unit(2, "a.service")], ["a.service:[1]", "a.service:[2]"]),
    // A name stays what it is, whoever wants it as well.
    ([unit(1, "blue"), Facts(inode: 2, name: "blue")], ["blue:[1]", "blue"]),
    ([Facts(inode: 2, name: "net:[1]"), Facts(inode: 1)], ["net:[1]", "net:[1]:[1]"]),
    ([Facts(inode: 1, name: "blue"), Facts(inode: 2, name: "blue")], ["blue", "blue:[2]"]),
    // What is added may be a name as well.
    (
      [unit(1, "a"), unit(2, "a"), Facts(inode: 3, name: "a:[1]"), Facts(inode: 4, name: "")],
      ["a:[1]:[1]", "a:[2]", "a:[1]", ""]
    ),
  ])
  func eachHasALabelOfItsOwn(facts: [Facts], labels: [String]) {
    #expect(NamespaceLabels.labels(facts) == labels)
    #expect(Set(labels).count == facts.count)
  }

  @Test(
    arguments: [
      ("net:[4026531840]", 4_026_531_840), ("net:[0]", 0), ("net:[]", nil), ("net:[1", nil),
      ("net:[-1]", nil),
      ("pid:[1]", nil), ("", nil), ("net:[18446744073709551616]", nil),
    ] as [(String, UInt64?)])
  func theKernelsLabelIsReadBack(label: String, inode: UInt64?) {
    #expect(NetNamespace.inode(ofPlainLabel: label) == inode)
  }
}
