# frozen_string_literal: true

# Owns the facts of the host that the checks are about.

require "open3"
require "socket"

module Lab
  module Host
    URI = "qemu:///system"
    SECONDS = 20

    module_function

    def has?(program)
      extensions = ["", *ENV["PATHEXT"].to_s.split(";")]
      ENV["PATH"].to_s.split(File::PATH_SEPARATOR).product(extensions).any? do |folder, extension|
        path = File.join(folder, program + extension)
        File.executable?(path) && !File.directory?(path)
      end
    end

    # Windows' installer tells where it is by a variable, and changes no PATH.
    def virtualbox?
      has?("VBoxManage") || !ENV["VBOX_MSI_INSTALL_PATH"].to_s.empty?
    end

    def libvirt_uri
      ENV["LIBVIRT_DEFAULT_URI"].to_s.empty? ? URI : ENV["LIBVIRT_DEFAULT_URI"]
    end

    # Whether its VMs are on this machine.
    def libvirt_here?
      libvirt_uri.match?(%r{\A\w+(\+unix)?:///})
    end

    # Why libvirt does not answer; nil when it does, or where there is no virsh to ask with.
    def libvirt_error(seconds: SECONDS)
      return unless has?("virsh")

      Open3.popen2e("virsh", "-c", libvirt_uri, "version") do |input, output, process|
        input.close
        if process.join(seconds).nil?
          Process.kill(:KILL, process.pid)
          next "no answer within #{seconds} s"
        end
        process.value.success? ? nil : output.read.lines.map(&:strip).reject(&:empty?).last.to_s.delete_prefix("error: ")
      end
    end

    # Those of the addresses at which an SSH server answers, or says that there is none.
    def answering(addresses)
      addresses.map { |each| Thread.new { answers?(each) ? each : nil } }.filter_map(&:value)
    end

    def answers?(address)
      Socket.tcp(address, 22, connect_timeout: 1).close
      true
    rescue Errno::ECONNREFUSED
      true
    rescue SystemCallError
      false
    end

    # [name, address, prefix] of each IPv4 address; none where Ruby cannot tell, on Windows.
    def interfaces
      Socket.getifaddrs.select { |one| one.addr&.ipv4? && one.netmask }.map do |one|
        [one.name, one.addr.ip_address, one.netmask.ip_address.split(".").sum { |part| part.to_i.to_s(2).count("1") }]
      end
    rescue NotImplementedError
      []
    end

    # Megabytes that programs can still have; nil where Linux does not tell.
    def free_memory
      File.read("/proc/meminfo")[/^MemAvailable:\s+(\d+)/, 1]&.to_i&.div(1024)
    rescue SystemCallError
      nil
    end
  end
end
