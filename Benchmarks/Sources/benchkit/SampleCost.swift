// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CBench
import ConnCore
@preconcurrency import Glibc
import KernelNet
import ProcNet

/// What a sample of the real sockets costs beside what the kernel spends on telling them.
enum SampleCost {
  /// CPU seconds in pairs: `whole`, a sample as a recorder takes it (read, parse, diff), and `kernel`, the same answers of the
  /// kernel read by C and thrown away. What is ours is the difference.
  static func run(source: String, seconds: Double) throws(KitError) {
    guard source == "proc" || source == "netlink" else { throw KitError("\(source): proc or netlink") }
    let read = try source == "proc" ? proc() : netlink()
    let bare = try source == "proc" ? bareProc() : bareNetlink()
    var table = LifeTable(seed: 1)
    var count = 0
    // Everything is new to the first two; what is measured is the usual sample, in which little changes.
    _ = table.apply(try read())
    _ = table.apply(try read())
    let before = Stopwatch.split()
    var bareSplit = (user: 0.0, system: 0.0)
    var failure: KitError?
    let (whole, kernel) = inTurns(
      seconds: seconds,
      {
        Stopwatch.cpu {
          do throws(KitError) {
            let snapshot = try read()
            count = snapshot.rows.count
            _ = table.apply(snapshot)
          } catch {
            failure = error
          }
        }
      },
      {
        let start = Stopwatch.split()
        let took = Stopwatch.cpu {
          do throws(KitError) { try bare() } catch { failure = error }
        }
        let end = Stopwatch.split()
        bareSplit = (bareSplit.user + end.user - start.user, bareSplit.system + end.system - start.system)
        return took
      })
    if let failure { throw failure }
    let after = Stopwatch.split()
    var answer = Answer()
    answer.add("whole", whole)
    answer.add("kernel", kernel)
    answer.add("rows", count)
    answer.add("whole_user", after.user - before.user - bareSplit.user)
    answer.add("whole_system", after.system - before.system - bareSplit.system)
    answer.send()
  }

  private static func proc() throws(KitError) -> () throws(KitError) -> Snapshot {
    let reader = SocketTableReader()
    return { () throws(KitError) in
      let snapshot = reader.read(.tcpTables)
      if let why = snapshot.failure { throw KitError(why) }
      return snapshot
    }
  }

  private static func netlink() throws(KitError) -> () throws(KitError) -> Snapshot {
    let reader: SocketDiagReader
    do throws(SocketDiagError) { reader = try SocketDiagReader() } catch { throw KitError("\(error)") }
    return { () throws(KitError) in
      let snapshot: Snapshot
      do throws(SocketDiagError) { snapshot = try reader.read(.tcpTables) } catch {
        throw KitError("\(error)")
      }
      if let why = snapshot.failure { throw KitError(why) }
      return snapshot
    }
  }

  private static func bareProc() throws(KitError) -> () throws(KitError) -> Void {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    return { () throws(KitError) in
      for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        // A machine without IPv6 has no tcp6.
        if cbench_read_file(path, buffer.baseAddress, buffer.count) < 0 && errno != ENOENT {
          throw .system(path)
        }
      }
    }
  }

  private static func bareNetlink() throws(KitError) -> () throws(KitError) -> Void {
    let descriptor = cbench_diag_open()
    if descriptor < 0 { throw .system("sock_diag") }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 16)
    return { () throws(KitError) in
      if cbench_diag_read(descriptor, buffer.baseAddress, buffer.count) < 0 { throw .system("sock_diag") }
    }
  }
}
