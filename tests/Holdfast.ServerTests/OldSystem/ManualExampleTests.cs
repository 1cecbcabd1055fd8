using Holdfast.ServerTests.EndToEnd;
using Holdfast.ServerTests.Systemd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.OldSystem;

/// <summary>The examples of the manual, taken from the pages that the program itself writes, are run as they stand on a platform under systemd.</summary>
public sealed class ManualExampleTests
{
    /// <summary>A person answers the questions; what a line names (a file, a repository on a medium, the id of a point) is there.</summary>
    private const string Runner = """
        ln -sf PROGRAM /usr/local/bin/holdfast
        mkdir -p /etc/nginx /mnt/stick
        echo 'events {}' >/etc/nginx/nginx.conf
        sed -i 's#\[/opt/shop,#[/opt/shop, /etc/nginx/nginx.conf,#' /etc/holdfast/profile.yaml
        install -m 600 /etc/holdfast/password /root/password

        without_profile() { mv /etc/holdfast/profile.yaml /tmp/profile.yaml; "$@"; mv -f /tmp/profile.yaml /etc/holdfast/profile.yaml; }
        while_it_is_down() { holdfast platform stop; "$@"; holdfast platform start; }
        first_point() { holdfast points list --json | sed -nE 's/.*"event":"point".*"id":"([0-9a-f]{8}).*/\1/p' | head -1; }
        until_it_serves() {
          "$@" & local service=$!
          for _ in $(seq 600); do [ ! -S /run/holdfast/serve.sock ] || break; kill -0 $service; sleep 0.1; done
          kill -TERM $service
          wait $service
        }
        run() {
          case "$*" in
            'holdfast setup'*) without_profile "$@" ;;
            'holdfast check') "$@" || [ $? = 7 ] ;; # not ready is an answer: customers order all the while
            'holdfast wal status') "$@" || [ $? = 3 ] ;; # this platform does not archive, which it says
            'holdfast points diff'*) holdfast points diff "$(first_point)" latest ;;
            'holdfast serve') until_it_serves "$@" ;;
            'holdfast restore --plan' | *--target*) "$@" ;;
            *--repository*) rm -rf /mnt/backup; cp -a /var/backups/repository /mnt/backup; while_it_is_down "$@" --yes ;;
            'holdfast restore'*) while_it_is_down "$@" --yes ;;
            *) "$@" ;;
          esac
        }
        count=0
        while read -r line; do
          echo "=== $line"
          run $line </dev/null || { echo "'$line' ended with $?" >&2; exit 1; }
          count=$((count + 1))
        done </tmp/examples
        echo "$count examples succeeded"
        """;

    [Fact]
    public async Task Every_example_of_every_page_succeeds()
    {
        var lines = await ExamplesAsync();
        Assert.True(lines.Count > 25, string.Join('\n', lines));
        await using var scene = await OldPlatformTests.BeginAsync();
        await scene.WriteAsync("/tmp/examples", string.Concat(lines.Select(line => line + "\n")));
        var ran = await scene.Box.BashAsync(Runner.Replace("PROGRAM", PlatformScene.Binary, StringComparison.Ordinal));
        Assert.EndsWith($"{lines.Count} examples succeeded\n", ran, StringComparison.Ordinal);
    }

    /// <summary>The lines that begin with the program's name, those of the first steps first, each once.</summary>
    private static async Task<IReadOnlyList<string>> ExamplesAsync()
    {
        using var pages = new TempFolder();
        (await Command.RunAsync(HoldfastBinary.Find(), ["man", "--output", pages.Path])).Succeeded();
        return [.. Directory.GetFiles(pages.Path, "holdfast*", SearchOption.AllDirectories)
            .OrderBy(page => Path.GetFileName(page) != "holdfast.1").ThenBy(page => page, StringComparer.Ordinal)
            .SelectMany(File.ReadAllLines).Select(line => line.Replace("\\-", "-", StringComparison.Ordinal))
            .Where(line => line.StartsWith("holdfast ", StringComparison.Ordinal) && !line.StartsWith("holdfast - ", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)];
    }
}
