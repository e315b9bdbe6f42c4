import ArgumentParser
struct ServicesCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "services") }
