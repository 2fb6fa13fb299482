# frozen_string_literal: true

# Owns what is known of the lab between two calls of Vagrant: which VMs there are, and by which
# settings they were made. It lies where Vagrant keeps its own state, and counts while there is a VM.

require "fileutils"
require "json"
require_relative "settings"

module Lab
  module Memory
    module_function

    def folder
      given = ENV["VAGRANT_DOTFILE_PATH"].to_s
      given.empty? ? File.expand_path("../.vagrant", __dir__) : File.expand_path(given, File.expand_path("..", __dir__))
    end

    # The lab of this folder and environment. Raises Problem.
    def settings
      names = existing
      Settings.new(ENV, existing: names, remembered: names.empty? ? {} : remembered)
    end

    def existing
      Dir.glob(File.join(folder, "machines", "*", "*", "id")).map { |path| path.split("/")[-3] }
    end

    def remember(lab)
      return if remembered == lab.to_remember

      FileUtils.mkdir_p(folder)
      fresh = "#{path}.#{Process.pid}"
      File.write(fresh, JSON.pretty_generate(lab.to_remember))
      File.rename(fresh, path)
    end

    # Nothing where nothing, or nothing that can be read, was remembered.
    def remembered
      found = JSON.parse(File.read(path))
      found.is_a?(Hash) ? found.slice(*Settings::VARIABLES) : {}
    rescue Errno::ENOENT, JSON::ParserError
      {}
    end

    def path
      File.join(folder, "mk8s-lab.json")
    end
  end
end
