using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;
using Holdfast.Restic.Sftp;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// Rules that a schema cannot express: a server's location is valid, and has no user or password, because profiles are
/// stored in points.
/// </summary>
internal static class RepositoryPlaces
{
    public static void Check(YamlValue root, List<ProfileMistake> mistakes)
    {
        Check(root.Find("repository")?.Find("path"), "repository.path", mistakes);
        foreach (var (index, copy) in (root.Find("copies")?.Items ?? []).Index())
            Check(copy.Find("to"), $"copies[{index}].to", mistakes);
    }

    private static void Check(ProfileNode? place, string key, List<ProfileMistake> mistakes)
    {
        if (place is not { IsScalar: true }) return;
        if (WhatIsWrong(place.Text) is { } wrong)
            mistakes.Add(new ProfileMistake(place.Place, key, wrong));
    }

    private static string? WhatIsWrong(string place)
    {
        try
        {
            if (S3Location.IsS3(place)) _ = S3Location.Parse(place);
            if (SftpLocation.IsSftp(place)) _ = SftpLocation.Parse(place);
            return !RestLocation.IsRest(place) || RestLocation.Parse(place).User is null
                ? null
                : "the location holds a user or a password. Write them under 'repository.rest', the password by reference.";
        }
        catch (ResticException malformed)
        {
            return malformed.Message;
        }
    }
}
