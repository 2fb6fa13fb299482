# frozen_string_literal: true

# Runs the lab's own provisioner for machines of the tests: provision.rb PLUGIN PROVISIONER NAME
# PROJECT TRANSCRIPT, and on standard input a JSON object of the machines' names and their systemd's
# process, null for one that is off. Vagrant's machine is played; what it runs by SSH runs by nsenter, the
# command on standard input of a shell as there. TRANSCRIPT gets all that passed.

require "json"
require "open3"
require "vagrant"
require ARGV[0]

Played = Struct.new(:name, :pid, :env) do
  def provider_name = :played
  def state = Struct.new(:id).new(pid ? :running : :not_created)
  def communicate = self
  def ready? = !pid.nil?
  def ui = self
  def info(text, **) = puts(text)
  def detail(text, **) = puts(text)

  def sudo(command, error_check: true)
    inside = %w[env -i HOME=/root SUDO_USER=root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash]
    out, said, status = Open3.capture3("nsenter", "--target=#{pid}", "--all", "--", *inside, stdin_data: "#{command}\nexit\n")
    File.write(ARGV[4], "#{name}$ #{command}\n#{out}#{said}", mode: "a")
    yield :stdout, out if block_given? && !out.empty?
    yield :stderr, said if block_given? && !said.empty?
    raise Vagrant::Errors::SSHRunRequiresKeys, said if error_check && !status.success?

    status.exitstatus
  end
end

_, provisioner, name, project = ARGV
environment = Struct.new(:root_path, :machines) do
  def machine(asked, _provider) = machines.fetch(asked)
end.new(project, {})
JSON.parse($stdin.read).each { |each, pid| environment.machines[each.to_sym] = Played.new(each.to_sym, pid, environment) }
begin
  Lab.const_get(provisioner).new(environment.machines.fetch(name.to_sym), nil).provision
rescue Vagrant::Errors::VagrantError => error
  abort error.message
end
