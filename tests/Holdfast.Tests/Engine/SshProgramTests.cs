using Holdfast.Engine.Problems;
using Holdfast.Engine.Remotes;
using Holdfast.Restic;
using Holdfast.Restic.Sftp;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

/// <summary>How ssh is started, and what its last words mean.</summary>
public sealed class SshProgramTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_asks_nobody_forwards_nothing_and_takes_no_host_for_an_option()
    {
        var words = await WordsAsync("sftp://backup@[::1]:2222//srv", new SshFiles());
        Assert.Equal(["-p", "2222", "-l", "backup", "-s", "--", "::1", "sftp"], words[^8..]);
        foreach (var setting in new[] { "BatchMode=yes", "ClearAllForwardings=yes", "ForwardAgent=no", "ServerAliveInterval=15" })
            Assert.Equal("-o", words[words.ToList().IndexOf(setting) - 1]);
        Assert.DoesNotContain("-F", words);
        Assert.DoesNotContain(words, word => word.Contains("Identit", StringComparison.Ordinal) || word.Contains("KnownHosts", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Files_of_the_profile_stand_in_the_place_of_those_that_ssh_finds()
    {
        var words = await WordsAsync("sftp:host:x", new SshFiles { Identity = "/etc/a key", KnownHosts = "/etc/100%", Configuration = "/etc/config" });
        Assert.Equal(["-F", "/etc/config"], words[..2]);
        foreach (var setting in new[] { "IdentityFile=\"/etc/a key\"", "IdentitiesOnly=yes", "UserKnownHostsFile=\"/etc/100%%\"", "StrictHostKeyChecking=yes" })
            Assert.Contains(setting, words);
        Assert.Equal(["-s", "--", "host", "sftp"], words[^4..]);
    }

    [Theory]
    [InlineData("/etc/a\"b")]
    [InlineData("/etc/${HOME}")]
    public void A_name_that_a_setting_cannot_hold_is_refused(string path)
    {
        var host = new ScriptedHost().On("ssh", "");
        var refused = Assert.Throws<ProblemException>(() => new SshProgram(host, SftpLocation.Parse("sftp:host:x"), new SshFiles { Identity = path }));
        Assert.Equal(Catalogue.PathUnsafe.Code, refused.Problem.Code);
    }

    [Theory]
    [InlineData("backup@host: Permission denied (publickey).\n", true)]
    [InlineData("Host key verification failed.\r\n", true)]
    [InlineData("ssh: Could not resolve hostname nas: Name or service not known\n", true)]
    [InlineData("ssh: Could not resolve hostname nas: Temporary failure in name resolution\n", false)]
    [InlineData("ssh: connect to host nas port 22: Connection refused\n", false)]
    [InlineData("Timeout, server nas not responding.\n", false)]
    [InlineData("", false)]
    public async Task What_does_not_pass_is_told_from_what_may(string errors, bool isRefusal)
    {
        var program = new SshProgram(new ScriptedHost().On("ssh", "", errors, 255), SftpLocation.Parse("sftp:nas:x"), new SshFiles());
        await using var stream = await program.StartAsync(Now);
        var ended = await Assert.ThrowsAnyAsync<Exception>(() => stream.ReadAsync(new byte[1], Now).AsTask());
        Assert.Contains($"exit code 255: {(errors.Length == 0 ? "it said nothing" : errors.Trim().TrimEnd('.'))}", ended.Message, StringComparison.Ordinal);
        if (isRefusal) Assert.Equal(ResticError.Refused, Assert.IsType<ResticException>(ended).Error);
        else Assert.IsType<IOException>(ended);
    }

    [Fact]
    public void A_machine_without_ssh_is_told()
    {
        var missing = Assert.Throws<ProblemException>(() => new SshProgram(new ScriptedHost(), SftpLocation.Parse("sftp:host:x"), new SshFiles()));
        Assert.Equal(Catalogue.ProgramMissing.Code, missing.Problem.Code);
    }

    private static async Task<string[]> WordsAsync(string location, SshFiles files)
    {
        var host = new ScriptedHost().On("ssh", "");
        await using var stream = await new SshProgram(host, SftpLocation.Parse(location), files).StartAsync(Now);
        return [.. Assert.Single(host.Calls).Arguments];
    }
}
