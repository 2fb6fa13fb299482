# frozen_string_literal: true

# Owns whether KVM runs guests here: by trying. A device that is there says little: within another
# VM, guests may crawl or never end.

require "tempfile"
require "timeout"

module Lab
  module Kvm
    DEVICE = "/dev/kvm"
    SECONDS = 10
    # what QEMU ends with when the guest says that it is done: (0x10 << 1) | 1
    DONE = 33
    # A firmware of 64 KiB in real mode. The processor starts 16 bytes before its end, with a jump to
    # its begin: count fifty million down in ecx, say 0x10 to the port of QEMU's isa-debug-exit, halt.
    # That takes a tenth of a second.
    COUNT = 50_000_000
    BODY = ["\xFA\x66\xB9".b, [COUNT].pack("V"), "\x66\x49\x75\xFC\xB0\x10\xE6\xF4\xF4\xEB\xFD".b].join
    FIRMWARE = (BODY.ljust(0xFFF0, "\xF4".b) + "\xE9\x0D\x00".b).ljust(0x10000, "\xF4".b).freeze
    QEMU = %w[qemu-system-x86_64 qemu-kvm kvm].freeze

    module_function

    # :works, :missing, :closed (not to be opened by this user), :broken; where there is no QEMU to
    # try with, what can be opened counts as working.
    def state(device: DEVICE, qemu: find_qemu, seconds: SECONDS)
      return :missing unless File.exist?(device)

      File.open(device, "r+") { nil }
      return :works if qemu.nil? || !RUBY_PLATFORM.start_with?("x86_64")

      guest_ends?(qemu, seconds) ? :works : :broken
    rescue Errno::EACCES, Errno::EPERM
      :closed
    rescue SystemCallError
      :broken
    end

    def find_qemu
      ENV["PATH"].to_s.split(File::PATH_SEPARATOR).product(QEMU).map { |folder, name| File.join(folder, name) }
                 .find { |path| File.executable?(path) && !File.directory?(path) }
    end

    def guest_ends?(qemu, seconds)
      Tempfile.create("mk8s-kvm", binmode: true) do |firmware|
        firmware.write(FIRMWARE)
        firmware.flush
        pid = Process.spawn(
          qemu, "-accel", "kvm", "-machine", "pc", "-m", "16", "-nodefaults", "-no-user-config",
          "-display", "none", "-bios", firmware.path, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
          in: File::NULL, out: File::NULL, err: File::NULL
        )
        ended(pid, seconds) == DONE
      end
    end

    def ended(pid, seconds)
      Timeout.timeout(seconds) { Process.wait2(pid).last.exitstatus }
    rescue Timeout::Error
      Process.kill(:KILL, pid)
      Process.wait(pid)
      nil
    end
  end
end
