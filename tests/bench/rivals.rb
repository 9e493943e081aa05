# Makes a Schleuder list: address, fingerprint of its key, file of certificates; then a line of
# address and fingerprint for each subscriber on standard input.
require "schleuder"

address, fingerprint, certificates = ARGV
list, = Schleuder::ListBuilder.new({ email: address, fingerprint: fingerprint }).run
abort list.errors.full_messages.join("; ") if list.respond_to?(:errors) && list.errors.any?
list.import_key(File.binread(certificates))
STDIN.each_line.with_index do |line, number|
  subscriber, key = line.split
  # a list without an admin does not run
  made, = list.subscribe(subscriber, key, number.zero?, true)
  abort made.errors.full_messages.join("; ") if made.errors.any?
end
puts list.subscriptions.count
