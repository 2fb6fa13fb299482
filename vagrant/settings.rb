# frozen_string_literal: true

# Owns what the lab is made of: read from the environment, checked, nothing done with it.
# Plain Ruby; Vagrant is not known in here. docs/vagrant.md has the table of variables.

require "ipaddr"

module Lab
  # What the user has to put right; the message is one sentence with the way out.
  class Problem < StandardError; end

  # A VM of the lab.
  Machine = Struct.new(:name, :address) do
    def master?
      name == "master"
    end
  end

  # The settings of one lab.
  class Settings
    MOST_WORKERS = 20
    LEAST_MEMORY = 512
    DRIVERS = %w[kvm qemu].freeze
    BEFORE_WORKERS = 10
    # names that machines know from the start, so that a worker that comes later is known, too
    NAMED_WORKERS = 9

    # What VMs and their cluster cannot change any more, and what it is by default.
    FIXED = {
      "MK8S_SUBNET" => "192.168.56.0/24", "MK8S_POD_CIDR" => "10.244.0.0/16", "MK8S_SERVICE_CIDR" => "10.96.0.0/12"
    }.freeze
    VARIABLES = [*FIXED.keys, *%w[MK8S_WORKERS MK8S_MEMORY MK8S_CPUS MK8S_BOX MK8S_DRIVER MK8S_NODE_GRACE]].freeze

    attr_reader :workers, :memory, :cpus, :subnet, :box, :driver, :pod_cidr, :service_cidr,
                :node_grace, :wheel

    # Raises Problem for a value that cannot be used. `existing`: names of VMs that there are; a
    # worker that there is belongs to the lab until it is destroyed, whatever MK8S_WORKERS says.
    # `remembered`: what the lab was made with, which counts where the environment says nothing.
    def initialize(environment, existing: [], remembered: {})
      @environment = remembered.merge(environment.to_h.reject { |_, text| text.to_s.strip.empty? })
      asked = number("MK8S_WORKERS", 2, 0..MOST_WORKERS)
      @workers = [asked, *existing.map { |name| name[/\Aworker(\d+)\z/, 1].to_i }].max
      @memory = number("MK8S_MEMORY", 1536, LEAST_MEMORY..1_048_576)
      @cpus = number("MK8S_CPUS", 2, 1..64)
      @subnet = network("MK8S_SUBNET", FIXED["MK8S_SUBNET"])
      @box = matching("MK8S_BOX", "debian/bookworm64", %r{\A[\w.-]+(/[\w.-]+)?\z}, "the name of a box, like debian/bookworm64")
      @driver = matching("MK8S_DRIVER", "kvm", /\A(#{DRIVERS.join('|')})\z/, "kvm or qemu")
      @pod_cidr = ranges("MK8S_POD_CIDR", FIXED["MK8S_POD_CIDR"])
      @service_cidr = ranges("MK8S_SERVICE_CIDR", FIXED["MK8S_SERVICE_CIDR"])
      @node_grace = number("MK8S_NODE_GRACE", 40, 4..3600)
      @wheel = wheel_file
      keep_fixed(remembered)
    end

    # What a later call has to know, when VMs have been made by these settings.
    def to_remember
      VARIABLES.to_h { |variable| [variable, given(variable) || FIXED[variable]] }.compact
    end

    # The VMs, the master first.
    def machines
      numbered(workers)
    end

    # Those of the VMs that a command's words name, itself or by a /pattern/; all when they name none.
    def named(words)
      found = machines.select do |one|
        words.any? { |word| word == one.name || word[%r{\A/(.+)/\z}, 1]&.then { |pattern| one.name.match?(pattern) } }
      end
      found.empty? ? machines : found
    end

    # What every VM's /etc/hosts says, as ADDRESS=NAME.
    def names
      numbered([workers, [NAMED_WORKERS, room].min].max).map { |one| "#{one.address}=#{one.name}" }
    end

    def netmask
      IPAddr.new("255.255.255.255").mask(subnet.prefix).to_s
    end

    # The flags of `mk8s up` that the user's settings ask for.
    def flags
      { "--pod-cidr" => "MK8S_POD_CIDR", "--service-cidr" => "MK8S_SERVICE_CIDR",
        "--node-grace" => "MK8S_NODE_GRACE" }
        .filter_map { |flag, variable| [flag, given(variable)] if given(variable) }.flatten
    end

    private

    def keep_fixed(remembered)
      FIXED.each_key do |variable|
        was = remembered[variable]
        next if was.nil? || was == given(variable)

        raise Problem, "#{variable}: the lab was made with #{was} and cannot become #{given(variable)}: leave #{variable} out, " \
                       "or `vagrant destroy` it first."
      end
    end

    def given(variable)
      text = @environment[variable].to_s.strip
      text.empty? ? nil : text
    end

    def number(variable, default, allowed)
      text = given(variable) || default.to_s
      return text.to_i if text.match?(/\A\d{1,9}\z/) && allowed.cover?(text.to_i)

      raise Problem, "#{variable}: #{text.inspect} is not a number from #{allowed.min} to #{allowed.max}."
    end

    def matching(variable, default, pattern, words)
      text = given(variable) || default
      return text if text.match?(pattern)

      raise Problem, "#{variable}: #{text.inspect} is not #{words}."
    end

    # The VMs' own network: room for the host (.1), the master (.10) and the workers (.11 …).
    def network(variable, default)
      text = given(variable) || default
      found = ipv4(text)
      if found.nil? || found.to_s != text.partition("/").first || !(8..28).cover?(found.prefix)
        raise Problem, "#{variable}: #{text.inspect} is not a network of IPv4 addresses: write it like #{default}."
      end
      @subnet = found
      return found if workers <= room

      raise Problem, "#{variable}: #{text} has room for #{[room, 0].max} workers and not for #{workers}: " \
                     "give a larger one, like #{default}, or lower MK8S_WORKERS."
    end

    def room
      (2**(32 - subnet.prefix)) - 2 - BEFORE_WORKERS
    end

    # Networks of pods or Services, which must not be where the VMs are. The cluster checks the rest.
    def ranges(variable, default)
      text = given(variable) || default
      text.split(",").each do |each|
        found = ip(each.strip)
        raise Problem, "#{variable}: #{each.strip.inspect} is not a network: write it like #{default}." if found.nil? || !each.include?("/")
        next unless found.ipv4? && (found.include?(subnet) || subnet.include?(found))

        raise Problem, "#{variable}: #{each.strip} and the VMs' own network #{subnet}/#{subnet.prefix} overlap: " \
                       "choose another with #{variable} or MK8S_SUBNET."
      end
      text
    end

    def wheel_file
      path = given("MK8S_WHEEL") or return nil
      path = File.expand_path(path)
      unless File.basename(path).match?(/\Aminikube8s-[\w.+-]+\.whl\z/) && File.file?(path)
        raise Problem, "MK8S_WHEEL: #{path} is not a wheel of minikube8s: build one with `python3 -m pip wheel --no-deps -w dist .`, " \
                       "or leave MK8S_WHEEL out to install this folder."
      end
      path
    end

    def ip(text)
      IPAddr.new(text)
    rescue IPAddr::Error
      nil
    end

    def ipv4(text)
      found = ip(text)
      found if found&.ipv4? && text.include?("/")
    end

    def numbered(count)
      names = ["master", *(1..count).map { |number| "worker#{number}" }]
      names.each_with_index.map { |name, index| Machine.new(name, address(BEFORE_WORKERS + index)) }
    end

    def address(number)
      IPAddr.new(subnet.to_i + number, Socket::AF_INET).to_s
    end
  end
end
