using System.Net;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Profiles;

/// <summary>Finds settings that are valid but not recommended.</summary>
public static class ProfileCautions
{
    private static readonly string[] _secrets = ["password", "token", "api-key"];

    /// <summary>Returns a warning for each such place; none when there is none.</summary>
    /// <param name="profile">A valid profile.</param>
    public static IReadOnlyList<Problem> Find(Profile profile) =>
    [
        .. Asked(profile.Root).Where(node => _secrets.Any(node.Has) && IsInTheClear(node.Find("url")?.Text))
            .Select(node => Catalogue.ProfileClear.With($"{profile.File}:{node.Place.Line}: the {_secrets.First(node.Has)} for {node["url"].Text.Split('?')[0]} crosses the network unencrypted.")),
    ];

    /// <summary>The parts of the profile with a URL for HTTP requests.</summary>
    private static IEnumerable<ProfileNode> Asked(ProfileNode root) =>
    [
        .. root.Find("components")?.Find("search")?.Items ?? [], .. root.Find("checks")?.Find("search")?.Items ?? [], .. root.Find("checks")?.Find("users")?.Find("http")?.Items ?? [],
    ];

    private static bool IsInTheClear(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme == "http"
        && !(address.IsLoopback || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip)));
}
