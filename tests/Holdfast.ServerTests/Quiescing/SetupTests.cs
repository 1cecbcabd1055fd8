using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Quiescing;

/// <summary>holdfast setup on the sample's platform, which it knows nothing of.</summary>
public sealed class SetupTests
{
    [Fact]
    public async Task The_profile_that_setup_writes_backs_the_platform_up_and_brings_it_back_unedited()
    {
        await using var shop = await ShopScene.OpenAsync();
        await shop.Box.BashAsync("rm -rf /etc/holdfast /var/backups/holdfast");
        await shop.OrderAsync(5, longest: 2);
        var told = (await shop.HoldfastAsync("setup")).Succeeded().Output;
        Assert.Contains("Looked for, and not found: Elasticsearch or OpenSearch", told, StringComparison.Ordinal);
        Assert.Contains("Left out as the system's own services: ", told, StringComparison.Ordinal);
        var profile = await shop.Box.BashAsync("cat /etc/holdfast/profile.yaml; [ \"$(stat -c %a /etc/holdfast /etc/holdfast/profile.yaml | xargs)\" = '700 600' ]");
        Assert.Contains("shop-worker@*.service", profile, StringComparison.Ordinal);
        Assert.Contains("queues: [mails, orders]", profile, StringComparison.Ordinal);

        (await shop.HoldfastAsync("profile", "validate")).Succeeded();
        (await shop.HoldfastAsync("init", "--yes", "--generate-password")).Succeeded();
        (await shop.HoldfastAsync("backup")).Succeeded();
        await shop.EverythingRunsAsync("a backup by the profile of setup");
        await shop.OrderAsync(0);
        Assert.Equal(0, (await shop.AuditAsync(60)).Lost);

        await shop.Box.BashAsync("/platform/shop destroy; /platform/shop stores");
        (await shop.HoldfastAsync("restore", "--overwrite", "--yes")).Succeeded();
        await shop.Box.BashAsync("systemctl daemon-reload");
        (await shop.HoldfastAsync("platform", "start")).Succeeded();
        await shop.EverythingRunsAsync("a restore by the profile of setup");
        var audit = await shop.AuditAsync(60);
        Assert.True(audit is { Orders: > 0, Lost: 0, Doubled: 0 }, $"{audit}");
        await shop.CheckAsync();
    }

    [Fact]
    public async Task A_profile_that_is_there_stays_as_it_is_without_force()
    {
        using var folder = new TempFolder();
        var profile = folder.Write("profile.yaml", "mine");
        var refused = await Command.RunAsync(HoldfastBinary.Find(), ["setup", "--output", profile]);
        Assert.Equal(6, refused.ExitCode);
        Assert.Contains("HF-PROFILE-EXISTS", refused.Errors, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(profile, TestContext.Current.CancellationToken));
    }
}
