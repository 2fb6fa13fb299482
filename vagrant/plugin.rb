# frozen_string_literal: true

# Owns what the lab does within Vagrant: checks before a VM starts, the kubeconfig for the host, and
# workers that join. The Vagrantfile names these; what they decide by is in `checks.rb`.

require "fileutils"
require "vagrant/util/credential_scrubber"
require_relative "checks"
require_relative "host"
require_relative "kvm"
require_relative "memory"
require_relative "together"

module Lab
  # How Vagrant shows a Problem: the sentence, and nothing else.
  class Error < Vagrant::Errors::VagrantError
    def initialize(sentence)
      @sentence = sentence
      super()
    end

    def error_message
      @sentence
    end
  end

  # How far the VMs of this command are.
  WAYS = Ways.new

  module_function

  def told
    yield
  rescue Problem => problem
    raise Error, problem.message
  end

  def provider_asked(arguments)
    at = arguments.index("--provider")
    text = at ? arguments[at + 1] : arguments.filter_map { |word| word[/\A--provider=(.*)/, 1] }.first
    text ||= ENV["VAGRANT_DEFAULT_PROVIDER"].to_s
    text.empty? ? nil : text
  end

  # Before Vagrant looks for a provider, whose own words for this are many.
  def before_up(arguments)
    return unless arguments.first == "up"

    wanted = provider_asked(arguments)
    virtualbox = Host.virtualbox?
    libvirt = Vagrant.has_plugin?("vagrant-libvirt")
    Checks.provider(wanted, virtualbox: virtualbox, libvirt: libvirt)
    Checks.rsync(Host.has?("rsync"))
    Checks.libvirt(Host.libvirt_uri, Host.libvirt_error) if wanted == "libvirt" || (wanted.nil? && !virtualbox)
  end

  # Before a VM starts, whatever command starts it. Once, for all VMs that the command starts.
  class BeforeStart
    CHECKS = Once.new

    def initialize(app, _env)
      @app = app
    end

    def call(env)
      machine = env[:machine]
      WAYS.go(machine.name) do
        @app.call(env) if running?(machine) || !Checks::PROVIDERS.include?(machine.provider_name.to_s) || may_start?(machine)
      end
    end

    private

    def may_start?(machine)
      CHECKS.run { Lab.told { check(machine) } }
    rescue Error => error
      raise unless Thread.current[:batch_parallel_action]

      # in a thread beside others, Vagrant would wrap the sentence into many of its own
      machine.env.ui.error(error.message, prefix: false)
      Thread.current[:exit_code] = 1
      false
    end

    def check(machine)
      lab = Memory.settings
      provider = machine.provider_name.to_s
      if provider == "virtualbox" || Host.libvirt_here?
        Checks.kvm(Kvm.state) if provider == "libvirt" && lab.driver == "kvm"
        interfaces = Host.interfaces
        Checks.subnet(lab.subnet, interfaces, provider)
        starting = starting(machine, lab)
        # elsewhere a gateway may answer in the name of whoever is asked
        near = interfaces.any? { |_, address, _| lab.subnet.include?(address) }
        Checks.addresses(lab.subnet, near ? Host.answering(starting.map(&:address)) : [], interfaces)
        Checks.memory(lab.memory, starting.size, Host.free_memory)
      end
      Memory.remember(lab)
    end

    # The machines that this command starts, this one among them.
    def starting(machine, lab)
      named = lab.named(ARGV)
      lab.machines.select do |one|
        next true if one.name == machine.name.to_s

        named.include?(one) && !running?(machine.env.machine(one.name.to_sym, machine.provider_name))
      end
    end

    def running?(machine)
      machine.state.id == :running
    end
  end

  # What was set up in half is set up again by the next `vagrant up`; Vagrant on its own counts it as done.
  class SetUpAgain
    def initialize(app, _env)
      @app = app
    end

    def call(env)
      @app.call(env)
    end

    def recover(env)
      FileUtils.rm_f(env[:machine].data_dir.join("action_provision"))
    end
  end

  # What both provisioners do with the machines.
  class Provisioner < Vagrant.plugin("2", :provisioner)
    HOME = "/var/lib/mk8s"

    protected

    def output_of(machine, command)
      said = { stdout: +"", stderr: +"" }
      status = machine.communicate.sudo(command, error_check: false) { |type, data| said[type] << data }
      return said[:stdout].strip if status.zero?

      why = said.values.reverse.join("\n").lines.map(&:strip).reject(&:empty?).first
      raise Error, "#{machine.name} does not do `#{command[/\A\S+( \S+)?/]}` (#{why || "it ended with #{status}"}): #{repair(machine)}"
    end

    def repair(machine)
      "see `vagrant ssh #{machine.name} -c 'sudo mk8s status'`, or set it up again with `vagrant provision #{machine.name}`."
    end

    # What says whether two machines are of the same cluster; empty where there is no such file.
    def authority_of(machine, file = "settings.json")
      output_of(machine, "if [ -e #{HOME}/#{file} ]; then cat #{HOME}/pki/ca.crt; fi")
    end
  end

  # Puts the cluster's kubeconfig into the project's folder.
  class Kubeconfig < Provisioner
    def self.path(environment)
      File.join(environment.root_path, "kubeconfig")
    end

    def provision
      content = "#{output_of(machine, "cat #{HOME}/admin.kubeconfig")}\n"
      path = self.class.path(machine.env)
      return if File.file?(path) && File.read(path) == content

      # a name of its own at first: who reads it meets the whole or the former one
      fresh = "#{path}.#{Process.pid}"
      File.open(fresh, File::WRONLY | File::CREAT | File::EXCL, 0o600) { |file| file.write(content) }
      File.rename(fresh, path)
      machine.ui.info("kubectl of this machine finds the cluster by: export KUBECONFIG=#{path}")
    ensure
      FileUtils.rm_f(fresh) if fresh
    end
  end

  # Makes a worker a node. The token is made on the master for this once, goes from there to the
  # worker's standard input by Vagrant's own SSH sessions, and is deleted: no command line, no file and
  # no log ever has it.
  class Join < Provisioner
    WORKER = "bash /vagrant/vagrant/worker.sh"
    TTL = "15m"
    # how long it may take the master longer than a worker to be there
    MASTER_SECONDS = 1800
    # a master is spoken to by one worker at a time: they share its SSH session
    TURN = Mutex.new
    LINE = /^mk8s join (?<master>\S+) --token (?<token>\S+) --ca-hash (?<pin>\S+)$/

    def provision
      await_master
      joined = authority_of(machine, "joined.json")
      line = TURN.synchronize do
        master = machine.env.machine(:master, machine.provider_name)
        next if !joined.empty? && (!up?(master) || authority_of(master) == joined)

        raise Error, "The master does not run, so #{machine.name} cannot join: `vagrant up master`, then `vagrant provision #{machine.name}`." unless up?(master)

        ask_to_join(master)
      end
      line ? join(line) : run("#{WORKER} </dev/null")
    end

    private

    # Where the provider brings the VMs up side by side, the master may have its way still to go.
    def await_master
      case WAYS.wait(:master, MASTER_SECONDS)
      when :failed
        raise Error, "The master did not come up, so #{machine.name} does not join it: put right what is told of the master, then `vagrant up`."
      when :going
        raise Error, "The master is not set up #{MASTER_SECONDS / 60} minutes after #{machine.name}, so that does not join it: " \
                     "once the master is there, `vagrant provision #{machine.name}`."
      end
    end

    def up?(master)
      master.state.id == :running && master.communicate.ready?
    end

    # The command line that joins, with a token made for this once.
    def ask_to_join(master)
      forget_former(master)
      line = LINE.match(output_of(master, "mk8s token create --ttl #{TTL} --description 'vagrant up #{machine.name}' --print-join-command"))
      raise Error, "The master made no token: #{repair(master)}" if line.nil?

      line
    end

    def join(line)
      Vagrant::Util::CredentialScrubber.sensitive(line[:token])
      run("#{WORKER} #{line[:master]} #{line[:pin]} <<'TOKEN'\n#{line[:token]}\nTOKEN")
    ensure
      # where that fails it is not what the user has to hear of: the token ends by itself
      TURN.synchronize do
        master = machine.env.machine(:master, machine.provider_name)
        master.communicate.sudo("mk8s token delete #{line[:token][/\A[a-z0-9]+/]}", error_check: false)
      end
    end

    # The Node of a VM of this name that was destroyed: what stands here now is the one of that name.
    def forget_former(master)
      output_of(master, "mk8s delete node #{machine.name} --ignore-not-found")
    end

    def run(command)
      status = machine.communicate.sudo(command, error_check: false) do |type, data|
        machine.ui.detail(data.chomp, prefix: true) if %i[stdout stderr].include?(type) && !data.strip.empty?
      end
      return if status.zero?

      raise Error, "#{machine.name} did not join, for the reason above. Once that is put right: `vagrant provision #{machine.name}`."
    end
  end

  # After the master is destroyed, the kubeconfig leads nowhere.
  class AfterDestroy
    def initialize(app, _env)
      @app = app
    end

    def call(env)
      machine = env[:machine]
      @app.call(env)
      FileUtils.rm_f(Kubeconfig.path(machine.env)) if machine.name == :master && machine.state.id == :not_created
    end
  end

  class Plugin < Vagrant.plugin("2")
    name "mk8s lab"
    provisioner(:mk8s_kubeconfig) { Kubeconfig }
    provisioner(:mk8s_join) { Join }
    %i[up reload].each do |action|
      action_hook(:mk8s_before_start, :"machine_action_#{action}") { |hook| hook.prepend(BeforeStart) }
    end
    action_hook(:mk8s_set_up_again, :provisioner_run) { |hook| hook.prepend(SetUpAgain) }
    action_hook(:mk8s_after_destroy, :machine_action_destroy) { |hook| hook.prepend(AfterDestroy) }
  end
end
