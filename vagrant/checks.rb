# frozen_string_literal: true

# Owns what must hold on the host before a VM is made. Each check takes facts as values, raises
# Problem with the way out, and changes nothing; `host.rb` gathers the facts.

require "ipaddr"
require_relative "settings"

module Lab
  module Checks
    LEAST_VAGRANT = "2.3.0"
    PROVIDERS = %w[virtualbox libvirt].freeze
    # Where the provider puts the VMs' first interfaces.
    FIRST_NETWORKS = { "virtualbox" => "10.0.2.0/24", "libvirt" => "192.168.121.0/24" }.freeze
    # Megabytes of the host that a VM takes beside its own memory.
    OVERHEAD = 128
    GET_LIBVIRT = "`apt-get install vagrant-libvirt libvirt-daemon-system`, or `vagrant plugin install vagrant-libvirt`"

    module_function

    def vagrant_version(version)
      return if Gem::Version.new(version) >= Gem::Version.new(LEAST_VAGRANT)

      raise Problem, "The lab needs Vagrant #{LEAST_VAGRANT} or newer and this is #{version}: " \
                     "get it from https://developer.hashicorp.com/vagrant/install or a newer distribution."
    end

    # `wanted`: what the user asks for, or nil. `virtualbox`, `libvirt`: whether Vagrant can use them.
    def provider(wanted, virtualbox:, libvirt:)
      if wanted && !PROVIDERS.include?(wanted)
        raise Problem, "The lab knows the providers virtualbox and libvirt and not #{wanted}: leave out --provider and VAGRANT_DEFAULT_PROVIDER, or name one of them."
      end
      if wanted == "virtualbox" && !virtualbox
        raise Problem, "VirtualBox is not installed (there is no VBoxManage): get it from https://www.virtualbox.org, " \
                       "or use libvirt with `vagrant up --provider=libvirt`."
      end
      if wanted == "libvirt" && !libvirt
        raise Problem, "Vagrant has no plugin for libvirt: install it (#{GET_LIBVIRT}), or use VirtualBox with `vagrant up --provider=virtualbox`."
      end
      return if virtualbox || libvirt

      raise Problem, "There is nothing to run VMs with: install VirtualBox (https://www.virtualbox.org) or libvirt (#{GET_LIBVIRT})."
    end

    def rsync(there)
      return if there

      raise Problem, "rsync is missing, which brings this folder into the VMs: install it (`apt-get install rsync`; on Windows run Vagrant within MSYS2 or WSL)."
    end

    # `error`: why libvirt does not answer, or nil.
    def libvirt(uri, error)
      return if error.nil?

      raise Problem, "libvirt does not answer at #{uri} (#{error}): start it (`sudo systemctl start libvirtd`) " \
                     "and join its group (`sudo adduser $USER libvirt`, then log in again)."
    end

    # `state`: see Kvm.state.
    def kvm(state)
      words = {
        missing: "there is no /dev/kvm: switch virtualization on in the firmware (VT-x, AMD-V), or, in a VM, nested virtualization for it",
        closed: "you may not open /dev/kvm: join its group (`sudo adduser $USER kvm`, then log in again)",
        broken: "/dev/kvm is there, but a guest of a few instructions did not get to its end with it",
      }[state] or return
      raise Problem, "KVM does not work here: #{words}; or let QEMU emulate the processors, which is some ten times slower: `MK8S_DRIVER=qemu vagrant up`."
    end

    # `interfaces`: [name, address, prefix] of the host's. The lab's own network may be there already.
    def subnet(subnet, interfaces, provider)
      first = IPAddr.new(FIRST_NETWORKS.fetch(provider))
      if first.include?(subnet) || subnet.include?(first)
        raise Problem, "The VMs' network #{subnet}/#{subnet.prefix} and #{provider}'s own #{first}/#{first.prefix}, by which they reach " \
                       "the internet, overlap: choose another, like MK8S_SUBNET=#{another(interfaces)}."
      end

      own = provider == "virtualbox" ? /\A(vboxnet|VirtualBox)/ : /\Avirbr/
      interfaces.each do |name, address, prefix|
        net = IPAddr.new(address).mask(prefix)
        next unless net.include?(subnet) || subnet.include?(net)
        next if name.match?(own) && net == subnet && net.prefix == subnet.prefix

        raise Problem, "The VMs' network #{subnet}/#{subnet.prefix} is in use on this machine " \
                       "(#{name} has #{address}/#{prefix}): choose another, like MK8S_SUBNET=#{another(interfaces)}."
      end
    end

    # `answering`: addresses of VMs that do not run, at which something answers all the same.
    def addresses(subnet, answering, interfaces)
      return if answering.empty?

      raise Problem, "Another machine answers at #{answering.join(', ')}, where the lab's VMs should be, as when a second lab runs on " \
                     "#{subnet}/#{subnet.prefix}: halt that one, or choose another network, like MK8S_SUBNET=#{another(interfaces)}."
    end

    # `free`: the host's megabytes, or nil where that is not known. `count`: VMs to start.
    def memory(each, count, free)
      wanted = count * (each + OVERHEAD)
      return if free.nil? || wanted <= free

      fits = ((free / count) - OVERHEAD).div(64) * 64
      advice = fits >= Settings::LEAST_MEMORY ? "MK8S_MEMORY=#{fits}" : "a lower MK8S_WORKERS"
      raise Problem, "#{count} VMs of #{each} MB take #{wanted} MB and #{free} MB are free: end other programs, or give #{advice}."
    end

    def another(interfaces)
      (57..63).map { |number| "192.168.#{number}.0/24" }.find do |text|
        net = IPAddr.new(text)
        interfaces.none? { |_, address, prefix| IPAddr.new(address).mask(prefix).then { |one| one.include?(net) || net.include?(one) } }
      end || "10.55.0.0/24"
    end
  end
end
