using System.Text.RegularExpressions;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.ServerTests.OldSystem;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Packages;

/// <summary>
/// The packages are judged by lintian and rpmlint, installed by dpkg and rpm on a system of the age of Rocky Linux 8, used there, and removed.
/// </summary>
public sealed partial class PackageTests(BuiltPackages built) : IClassFixture<BuiltPackages>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_binary_gives_the_same_bytes()
    {
        using var again = await BuiltPackages.MakeAsync();
        var sums = await File.ReadAllLinesAsync(built.Folder["SHA256SUMS"], Cancellation);
        Assert.Equal(4, sums.Length);
        Assert.Equal(sums, await File.ReadAllLinesAsync(again["SHA256SUMS"], Cancellation));
    }

    /// <summary>Whoever has the package alone must be able to follow what it says.</summary>
    [Theory]
    [InlineData(".tar.gz", "tar -xzf \"$1\" --strip-components=1")]
    [InlineData(".deb", "dpkg-deb -x \"$1\" .")]
    public async Task Every_file_that_its_texts_refer_to_is_in_it(string end, string unpack)
    {
        using var tree = new TempFolder();
        (await Command.BashAsync($"cd \"$2\" && {unpack} && gunzip -r usr/share/man usr/share/doc", built[end], tree.Path)).Succeeded();
        var texts = new[] { "usr/share", "usr/lib", "etc" }.SelectMany(folder => Directory.GetFiles(tree[folder], "*", SearchOption.AllDirectories)).ToList();
        Assert.True(texts.Count > 30, string.Join('\n', texts));
        foreach (var path in texts)
        {
            var text = await File.ReadAllTextAsync(path, Cancellation);
            var lost = Links().Matches(text).Select(match => match.Groups["link"].Value).Where(link => path.EndsWith(".md", StringComparison.Ordinal) && !Path.Exists(Path.Join(Path.GetDirectoryName(path), link)))
                .Concat(Documents().Matches(text).Select(match => match.Value).Where(document => !Path.Exists(tree[document.TrimStart('/')])));
            Assert.True(!lost.Any(), $"{path}: {string.Join(", ", lost)}");
        }
        var readme = await File.ReadAllTextAsync(tree["usr/share/doc/holdfast/README.md"], Cancellation);
        Assert.Contains("holdfast setup", readme, StringComparison.Ordinal);
        Assert.DoesNotContain("dotnet", readme, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\]\((?!https?:|#)(?<link>[^)#]+)[^)]*\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Links();

    [GeneratedRegex(@"/usr/share/(doc/)?holdfast/[\w./-]*\w|(?<![\w/])docs/[a-z][\w./-]*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Documents();

    [Fact]
    public Task Lintian_finds_nothing() => SatisfiesLintianAsync(built[".deb"]);

    [Fact]
    public Task Rpmlint_finds_nothing() => SatisfiesRpmlintAsync(built["el8.x86_64.rpm"], built["el9.x86_64.rpm"]);

    [Fact(Explicit = true), Trait("runs", "long")]
    public async Task Those_for_arm64_are_made_of_its_program_and_are_as_clean()
    {
        using var packages = await BuiltPackages.MakeAsync(HoldfastBinary.FindForArm(), "arm64");
        using var again = await BuiltPackages.MakeAsync(HoldfastBinary.FindForArm(), "arm64");
        Assert.Equal(await File.ReadAllLinesAsync(packages["SHA256SUMS"], Cancellation), await File.ReadAllLinesAsync(again["SHA256SUMS"], Cancellation));
        await SatisfiesLintianAsync(BuiltPackages.One(packages, "arm64.deb"));
        await SatisfiesRpmlintAsync(BuiltPackages.One(packages, "el8.aarch64.rpm"), BuiltPackages.One(packages, "el9.aarch64.rpm"));
        var archive = await Command.BashAsync("tar -xzOf \"$1\" --wildcards '*/usr/bin/holdfast' | cmp - \"$2\"", BuiltPackages.One(packages, ".tar.gz"), HoldfastBinary.FindForArm());
        archive.Succeeded();
    }

    private static async Task SatisfiesLintianAsync(string package)
    {
        Require.Program("lintian");
        string[] strict = ["--allow-root", "--fail-on", "error,warning"];
        var found = await Command.RunAsync("lintian", [.. strict, package]);
        Assert.True(found.ExitCode == 0, $"{found}");
    }

    private static async Task SatisfiesRpmlintAsync(params string[] packages)
    {
        Require.Program("rpmlint");
        string[] settings = ["--config", SourceTree.PathOf("packaging/rpm/rpmlint.toml")];
        var found = await Command.RunAsync("rpmlint", [.. settings, .. packages]);
        Assert.Contains("2 packages and 0 specfiles checked; 0 errors, 0 warnings", found.Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_Debian_11_it_is_installed_used_upgraded_under_a_backup_and_removed_and_what_is_the_users_stays()
    {
        var ran = await OldRoot.RunAsync(built.Folder, """
            rm -rf /run/holdfast /var/lib/holdfast
            dpkg -i /srv/shared/holdfast_*.deb
            [ "$(stat -c '%a %U' /etc/holdfast /var/lib/holdfast)" = $'700 root\n700 root' ]
            [ -z "$(find /etc/systemd/system -name 'holdfast*')" ]
            holdfast --version
            gzip -t /usr/share/man/man1/holdfast.1.gz
            bash -n /usr/share/bash-completion/completions/holdfast

            mkdir /srv/data && head -c 20M /dev/urandom >/srv/data/large
            (umask 077; echo 'correct horse' >/etc/holdfast/password)
            cat >/etc/holdfast/profile.yaml <<'END'
            platform: packaged
            repository: { path: /srv/repository, password: { file: /etc/holdfast/password } }
            components: { files: { groups: { all: [/srv/data] } } }
            END
            holdfast init
            holdfast backup --mode online &
            dpkg -i /srv/shared/holdfast_*.deb
            wait $!
            holdfast restore --target /root/look --yes
            cmp /srv/data/large /root/look/srv/data/large

            dpkg --purge holdfast
            for gone in /usr/bin/holdfast /usr/share/holdfast /etc/holdfast/profile.example.yaml; do [ ! -e $gone ]; done
            for kept in /etc/holdfast/password /etc/holdfast/profile.yaml /srv/repository/config; do [ -s $kept ]; done
            echo everything held
            """);
        Assert.EndsWith("everything held\n", ran.Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_five_minutes_of_the_README_succeed_word_by_word_on_Debian_11() =>
        await FollowReadmeAsync(script => OldRoot.RunAsync(built.Folder, script), "dpkg -i /srv/shared/holdfast_*_amd64.deb");

    [Theory(Explicit = true), Trait("runs", "long")]
    [InlineData("bookworm")]
    [InlineData("trixie")]
    public async Task So_they_do_on_a_fresh_Debian(string suite) =>
        await FollowReadmeAsync(script => OldRoot.RunInFreshAsync(suite, built.Folder, script), "apt-get -qq update; cd /srv/shared; apt-get -qqy install ./holdfast_*_amd64.deb");

    /// <summary>The README that the package itself installs; the root is Debian's, the package and what installs it are Red Hat's.</summary>
    [Theory]
    [InlineData("el8")]
    [InlineData("el9")]
    public async Task The_first_steps_of_the_installed_README_succeed_word_by_word_after_rpm(string system)
    {
        Require.Program("rpm");
        var ran = await OldRoot.RunOutsideAsync(built.Folder, $$"""
            rm -rf "$root/run/holdfast" "$root/var/lib/holdfast"
            rpm --root "$root" --initdb
            rpm --root "$root" --nodeps -i "$(echo "$root"/srv/shared/*.{{system}}.x86_64.rpm)"
            steps=$(sed -n '/^## First steps/,/^Installing/p' "$root/usr/share/doc/holdfast/README.md" | grep '^holdfast ')
            [ "$(wc -l <<<"$steps")" -ge 7 ]
            echo '127.0.0.1 localhost' >"$root/etc/hosts"
            env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root chroot "$root" bash -euo pipefail -c "$steps
            cmp /etc/hosts /tmp/look/etc/hosts"
            """);
        Assert.Contains("is restored below /tmp/look", ran.Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_may_read_neither_the_profile_nor_the_repository_is_told_so()
    {
        var ran = await OldRoot.RunAsync(built.Folder, """
            rm -rf /run/holdfast /var/lib/holdfast
            dpkg -i /srv/shared/holdfast_*.deb
            chmod 755 /srv
            (umask 077; echo secret >/etc/holdfast/password)
            echo '{ platform: p, repository: { path: /srv/repository, password: { file: /etc/holdfast/password } }, components: { files: { groups: { all: [/etc/hostname] } } } }' >/etc/holdfast/profile.yaml
            holdfast init >/dev/null
            install -m 400 -o nobody /etc/holdfast/password /srv/password
            refused() {
              code=$1; shift
              if runuser -u nobody -- env HOME=/tmp holdfast "$@" >/tmp/said 2>&1; then cat /tmp/said; exit 1; fi
              grep -q "\[$code\]" /tmp/said && grep -q 'Run as root' /tmp/said || { cat /tmp/said; exit 1; }
            }
            refused HF-PROFILE-MISSING profile validate
            refused HF-PROFILE-MISSING points list
            refused HF-PROFILE-MISSING points list --profile /etc/holdfast/profile.yaml
            refused HF-REPO-UNREADABLE points list --repository /srv/repository --password-file /srv/password
            chmod 755 /etc/holdfast
            chmod 600 /etc/holdfast/profile.yaml
            refused HF-PROFILE-MISSING profile validate
            echo everything held
            """);
        Assert.EndsWith("everything held\n", ran.Succeeded().Output, StringComparison.Ordinal);
    }

    /// <summary>The commands of docs/empty-machine.md in their order; the platform has files alone, and no service.</summary>
    [Fact]
    public async Task The_steps_of_an_empty_machine_bring_files_back_in_a_root_with_the_package_and_a_repository()
    {
        var document = await File.ReadAllLinesAsync(SourceTree.PathOf("docs/empty-machine.md"), Cancellation);
        var commands = document.Select(line => line.Trim()).Where(line => EmptyMachine().IsMatch(line)).Select(Answered).ToList();
        Assert.True(commands.Count >= 9, string.Join('\n', commands));
        var ran = await OldRoot.RunAsync(built.Folder, $$"""
            /run/holdfast --version
            mkdir -m 700 /srv/elsewhere && mkdir /srv/shop && echo one >/srv/shop/a
            echo secret >/root/password && chmod 600 /root/password
            echo '{ platform: lost, repository: { path: repository, password: { file: /root/password } }, components: { files: { groups: { all: [/srv/shop] } } } }' >/srv/elsewhere/profile.yaml
            /run/holdfast init --profile /srv/elsewhere/profile.yaml
            /run/holdfast backup --profile /srv/elsewhere/profile.yaml
            mv /srv/elsewhere/repository /mnt/backup
            rm -rf /srv/shop /srv/elsewhere /run/holdfast /var/lib/holdfast
            dpkg -i /srv/shared/holdfast_*.deb
            {{string.Join('\n', commands)}}
            [ "$(cat /srv/shop/a)" = one ]
            holdfast init | grep 'existed already'
            echo everything held
            """);
        Assert.EndsWith("everything held\n", ran.Succeeded().Output, StringComparison.Ordinal);
    }

    /// <summary>What asks has the answer of a person.</summary>
    private static string Answered(string line) => line.StartsWith("holdfast restore", StringComparison.Ordinal) && !line.Contains("--plan", StringComparison.Ordinal) ? line + " --yes" : line;

    [GeneratedRegex("^(holdfast (points|restore) |export |install )", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EmptyMachine();

    private static async Task FollowReadmeAsync(Func<string, Task<CommandResult>> run, string install)
    {
        var lines = (await File.ReadAllLinesAsync(SourceTree.PathOf("README.md"), Cancellation))
            .SkipWhile(line => !line.StartsWith("## Five minutes", StringComparison.Ordinal))
            .TakeWhile(line => !line.StartsWith("| to do", StringComparison.Ordinal))
            .Where(line => line.StartsWith("holdfast ", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count >= 7, string.Join('\n', lines));
        var ran = await run($"""
            rm -rf /run/holdfast /var/lib/holdfast
            echo '127.0.0.1 localhost' >/etc/hosts # debootstrap makes none
            export DEBIAN_FRONTEND=noninteractive
            {install}
            {string.Join('\n', lines)}
            cmp /etc/hosts /tmp/look/etc/hosts
            """);
        Assert.Contains("is restored below /tmp/look", ran.Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("el8", 0)]
    [InlineData("el9", 3)]
    public async Task Rpm_installs_verifies_upgrades_and_removes_it_and_what_is_the_users_stays(string system, int dropIns)
    {
        Require.Program("rpm");
        var ran = await OldRoot.RunOutsideAsync(built.Folder, $$"""
            package=$(echo "$root"/srv/shared/*.{{system}}.x86_64.rpm)
            on() { rpm --root "$root" --nodeps "$@"; }
            rm -rf "$root/var/lib/holdfast"
            rpm --root "$root" --initdb
            on -i "$package"
            on -V holdfast
            [ "$(find "$root/usr/lib/systemd/system" -path '*holdfast-*.d/*' | wc -l)" = {{dropIns}} ]
            [ -z "$(find "$root/etc/systemd/system" -name 'holdfast*')" ]
            [ "$(stat -c '%a %U' "$root/etc/holdfast" "$root/var/lib/holdfast")" = $'700 root\n700 root' ]
            chroot "$root" /usr/bin/holdfast --version

            echo mine >"$root/etc/holdfast/profile.yaml"
            echo '# changed' >>"$root/etc/holdfast/profile.example.yaml"
            on -U --force "$package"
            grep -q '# changed' "$root/etc/holdfast/profile.example.yaml"
            on -e holdfast
            [ ! -e "$root/usr/bin/holdfast" ]
            [ ! -e "$root/usr/share/holdfast" ]
            [ "$(cat "$root/etc/holdfast/profile.yaml")" = mine ]
            echo everything held
            """);
        Assert.EndsWith("everything held\n", ran.Succeeded().Output, StringComparison.Ordinal);
    }
}
