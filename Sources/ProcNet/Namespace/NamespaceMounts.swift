// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The namespaces that are mounted as files, which keeps them alive also without any process.
struct NamespaceMounts {
  /// Where ip-netns(8) keeps the ones it has named. /var/run is the same as /run nearly everywhere.
  static let named = ["/run/netns", "/var/run/netns"]
  /// Where Docker keeps those of its containers, under names that mean nothing to people.
  static let unnamed = ["/run/docker/netns"]

  /// A file that one is mounted on.
  struct Mount: Hashable {
    var inode: UInt64
    var name: String
    var path: String
  }

  /// By name, so that one of several is always the same.
  let mounts: [Mount]

  /// Looks at the files of some directories; a directory that cannot be read holds none.
  ///
  /// - Parameter device: that of nsfs, by which a mounted namespace is told from a file left behind by one that is
  ///   mounted no more; nil where it is not known.
  init(at directories: [String], device: UInt64?) {
    var mounts: [Mount] = []
    Self.forEach(of: directories, device: device) { inode, name, directory in
      let name = String(cString: name)
      mounts.append(Mount(inode: inode, name: name, path: directory + "/" + name))
    }
    self.mounts = mounts.sorted { ($0.name, $0.path) < ($1.name, $1.path) }
  }

  /// The name of a namespace alone, the first where it has several; nil where it has none.
  static func name(of wanted: UInt64, at directories: [String], device: UInt64?) -> String? {
    var found: String?
    forEach(of: directories, device: device) { inode, name, _ in
      guard inode == wanted else { return }
      let name = String(cString: name)
      if found.map({ name < $0 }) ?? true { found = name }
    }
    return found
  }

  /// Calls `body` with the inode, the name and the directory of each mounted namespace.
  private static func forEach(
    of directories: [String], device: UInt64?, _ body: (UInt64, UnsafePointer<CChar>, String) -> Void
  ) {
    var seen: [(device: dev_t, inode: ino_t)] = []
    for directory in directories {
      guard let stream = opendir(directory) else { continue }
      defer { closedir(stream) }
      let descriptor = dirfd(stream)
      var status = stat()
      guard fstat(descriptor, &status) == 0,
        !seen.contains(where: { $0.device == status.st_dev && $0.inode == status.st_ino })
      else { continue }
      seen.append((status.st_dev, status.st_ino))
      while let entry = readdir(stream) {
        // By its offset: the name is imported as a tuple, which would be copied.
        let name = UnsafeRawPointer(entry).advanced(by: 19).assumingMemoryBound(to: CChar.self)
        // What is a directory is none, and needs no look.
        guard entry.pointee.d_type != UInt8(DT_DIR), fstatat(descriptor, name, &status, 0) == 0,
          status.st_mode & S_IFMT == S_IFREG, device == nil || UInt64(status.st_dev) == device
        else { continue }
        body(UInt64(status.st_ino), name, directory)
      }
    }
  }

  /// The name of a namespace, the first where it has several.
  func name(of inode: UInt64) -> String? { mounts.first { $0.inode == inode }?.name }
}

extension ProcRoot {
  /// The device number of nsfs, nil where this is not the kernel's /proc.
  var namespaceDevice: UInt64? {
    var status = stat()
    return stat(path + "/self/ns/net", &status) == 0 ? UInt64(status.st_dev) : nil
  }

  /// The inode of a process's network namespace, nil with errno set where the link cannot be read.
  func networkNamespace(of process: String) -> UInt64? {
    var target = [CChar](repeating: 0, count: 64)
    let count = readlink("\(path)/\(process)/ns/net", &target, target.count)
    guard count > 0 else { return nil }
    errno = 0
    return NetNamespace.inode(
      ofPlainLabel: String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}
