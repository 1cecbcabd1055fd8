using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Journals;

/// <summary>
/// The profile of a platform's last run, "profiles/PLATFORM.yaml" of the state directory, under a line with its origin.
/// The pending undos of a dead run need its values; by the time of the recovery the profile may be in another place, be
/// gone, or have a mistake.
/// </summary>
public static class KeptProfile
{
    private const string Folder = "profiles", Origin = "# ";

    /// <summary>The kept profile; null when no run has left a usable one.</summary>
    public static Profile? Read(StateDirectory state, string platform)
    {
        try
        {
            var text = Encoding.UTF8.GetString(state.Read(Folder, Name(platform)));
            var end = text.IndexOf('\n', StringComparison.Ordinal);
            return end > Origin.Length ? ProfileReader.Parse(text[(end + 1)..], text[Origin.Length..end]) : null;
        }
        catch (ProblemException unsafePath) when (unsafePath.Problem.Code == Catalogue.PathUnsafe.Code)
        {
            throw;
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or ProblemException)
        {
            return null;
        }
    }

    /// <exception cref="ProblemException">The state directory cannot be written.</exception>
    internal static void Save(StateDirectory state, Profile profile) =>
        state.Write(Folder, Name(profile.Platform), Encoding.UTF8.GetBytes($"{Origin}{profile.File}\n{profile.Source}"));

    private static string Name(string platform) => platform + ".yaml";
}
