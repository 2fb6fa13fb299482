# frozen_string_literal: true

# Answers the table tests: settings_table.rb FOLDER, and on standard input a JSON list of [what, arguments …].
# Each answer is what it came to, or {"problem": sentence}.

require "json"
%w[settings checks host kvm memory together].each { |name| require File.join(ARGV.fetch(0), name) }

def lab(environment, existing = [], remembered = {})
  Lab::Settings.new(environment, existing: existing, remembered: remembered)
end

# What three who come at once get of what is done once: the first takes its time.
def once(fails)
  once = Lab::Once.new
  runs = 0
  outcomes = Array.new(3) do
    Thread.new do
      once.run do
        runs += 1
        sleep 0.05
        raise Lab::Problem, "It does not fit." if fails
      end
    rescue Lab::Problem
      "raised"
    end
  end.map(&:value)
  { "runs" => runs, "outcomes" => outcomes.map(&:to_s).sort }
end

# What one who waits for another hears: of one who is not on a way, before it is there, and at its end.
def ways(fails)
  ways = Lab::Ways.new
  gate = Queue.new
  heard = [ways.wait(:master, 60)]
  master = Thread.new do
    ways.go(:master) { gate.pop == :fails && raise(Lab::Problem, "It broke.") }
  rescue Lab::Problem
    nil
  end
  Thread.pass until gate.num_waiting == 1
  heard << ways.wait(:master, 0.05)
  worker = Thread.new { ways.wait(:master, 60) }
  Thread.pass until worker.status == "sleep"
  gate << (fails ? :fails : :succeeds)
  master.join
  [*heard, worker.value]
end

ASKED = {
  "flags" => ->(environment) { lab(environment).flags },
  "names" => ->(environment) { lab(environment).names },
  "defaults" => -> { lab({}).then { |made| [made.memory, made.cpus, made.box, made.driver, made.node_grace] } },
  "masters" => -> { lab({}).machines.select(&:master?).map(&:name) },
  "machines" => ->(environment, existing = [], remembered = {}) { lab(environment, existing, remembered).machines.map(&:to_a) },
  "to_remember" => ->(environment) { lab(environment).to_remember },
  "named" => ->(words) { lab({}).named(words).map(&:name) },
  "netmask" => ->(environment) { lab(environment).netmask },
  "version" => ->(version) { Lab::Checks.vagrant_version(version) },
  "provider" => ->(wanted, virtualbox, libvirt) { Lab::Checks.provider(wanted, virtualbox: virtualbox, libvirt: libvirt) },
  "rsync" => ->(there) { Lab::Checks.rsync(there) },
  "libvirt" => ->(uri, error) { Lab::Checks.libvirt(uri, error) },
  "kvm" => ->(state) { Lab::Checks.kvm(state.to_sym) },
  "subnet" => ->(subnet, interfaces, provider) { Lab::Checks.subnet(IPAddr.new(subnet), interfaces, provider) },
  "addresses" => ->(subnet, answering) { Lab::Checks.addresses(IPAddr.new(subnet), answering, [["virbr1", "192.168.56.1", 24]]) },
  "libvirt_error" => lambda { |programs, seconds|
    ENV["PATH"] = [programs, ENV["PATH"]].join(File::PATH_SEPARATOR)
    Lab::Host.libvirt_error(seconds: seconds)
  },
  "libvirt_here" => lambda { |uri|
    ENV["LIBVIRT_DEFAULT_URI"] = uri
    Lab::Host.libvirt_here?
  },
  "interfaces" => -> { Lab::Host.interfaces },
  "free_memory" => -> { Lab::Host.free_memory },
  "remembered" => lambda { |folder, text|
    ENV["VAGRANT_DOTFILE_PATH"] = folder
    File.write(Lab::Memory.path, text)
    Lab::Memory.remembered
  },
  "remember" => lambda { |folder, environment|
    ENV["VAGRANT_DOTFILE_PATH"] = folder
    Lab::Memory.remember(lab(environment))
    [Lab::Memory.remembered, Dir.children(folder)]
  },
  "answering" => ->(addresses) { Lab::Host.answering(addresses) },
  "memory" => ->(each, count, free) { Lab::Checks.memory(each, count, free) },
  "once" => ->(fails) { once(fails) },
  "ways" => ->(fails) { ways(fails) },
  "try_kvm" => ->(device, qemu, seconds) { Lab::Kvm.state(device: device, qemu: qemu, seconds: seconds) },
}.freeze

answers = JSON.parse($stdin.read).map do |what, *arguments|
  ASKED.fetch(what).call(*arguments)
rescue Lab::Problem => problem
  { "problem" => problem.message }
end
puts JSON.generate(answers)
