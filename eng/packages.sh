#!/usr/bin/env bash
# Packs what NuGet is given, and uses it as somebody does who has no more than the packages: outside the repository, the tool akkacp
# answers and serves, and the two programs of src/PACKAGE.md are built and run. Packages are taken into a folder of this run alone, and
# are compared with those packed, so none of an earlier run is taken for them.
# Usage: eng/packages.sh; AKKACP_FEED=FOLDER keeps the packages there.
set -uo pipefail
cd "$(dirname "$0")/.."
. eng/checks.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en MSBUILDDISABLENODEREUSE=1

root=$PWD
feed=${AKKACP_FEED:-$work/feed}
away=$work/away
question="Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?"
version=$(sed -n 's/.*<VersionPrefix>\(.*\)<.*/\1/p' src/Directory.Build.props)

pack() {
  dotnet build src/Cli -c Release -v q --tl:off \
    && dotnet pack AkkaCp.sln -c Release --no-build -o "$feed" -v q --tl:off -p:WarnOnPackingNonPackableProject=false
}

each_project_is_a_package() {
  local project name wrong=0
  for project in src/*/*.csproj; do
    name=AkkaCp.$(basename "$project" .csproj)
    [ "$name" = AkkaCp.Cli ] && name=akkacp
    for kind in nupkg snupkg; do
      [ -f "$feed/$name.$version.$kind" ] || { echo "$feed has no $name.$version.$kind"; wrong=1; }
    done
  done
  return $wrong
}

# A folder of somebody else's: nothing above it belongs to the repository.
leave_home() {
  mkdir -p "$away"
  cat > "$away/nuget.config" << END
<configuration>
  <config><add key="globalPackagesFolder" value="packages" /></config>
  <packageSources><add key="packed" value="$feed" /></packageSources>
</configuration>
END
  cd "$away" || exit 1
}

install_tool() { dotnet tool install akkacp --version "$version" --tool-path tool --configfile nuget.config; }

tool_answers() { tool/akkacp run "$question" | grep '^#### 94$'; }

# With the demo model that the package has.
tool_serves() {
  local begin listening
  begin=$(milliseconds)
  background serve tool/akkacp serve --port 0
  said serve '^listening on ' || return
  listening=$(sed -n 's/^listening on //p' "$work/serve")
  comes_to_answer "$listening" && served=$(($(milliseconds) - begin))
}

tool_drains() {
  kill "${pids[-1]}" && wait "${pids[-1]}"
  local rc=$?
  unset 'pids[-1]'
  [ $rc -eq 0 ] || { echo "akkacp serve ended with $rc after SIGTERM"; return 1; }
}

# The n-th program of the packages' page.
program() { awk -v n="$1" '/^```csharp$/ { i++; take = i == n; next } /^```$/ { take = 0 } take' "$root/src/PACKAGE.md"; }

# project NAME SDK PACKAGE N: with that program, and one package.
project() {
  mkdir "$1" && program "$4" > "$1/Program.cs" && cat > "$1/$1.csproj" << END
<Project Sdk="$2">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="$3" Version="$version" /></ItemGroup>
</Project>
END
  dotnet build "$1" -c Release -v q --tl:off -warnaserror
}

# What was restored is what was packed, with its documentation.
packages_are_these() {
  local package name folder wrong=0
  for package in "$feed"/AkkaCp.*.nupkg; do
    name=$(basename "$package" ".$version.nupkg")
    folder=packages/${name,,}/$version
    cmp "$package" "$folder/${name,,}.$version.nupkg" || wrong=1
    for file in PACKAGE.md "lib/net10.0/$name.dll" "lib/net10.0/$name.xml"; do
      [ -s "$folder/$file" ] || { echo "$name has no $file"; wrong=1; }
    done
  done
  return $wrong
}

console_answers() { dotnet console/bin/Release/net10.0/console.dll "$root/models/demo" "$question" | grep '^#### 94$'; }

web_answers() {
  background web dotnet web/bin/Release/net10.0/web.dll --urls http://127.0.0.1:0 --Model "$root/models/demo"
  said web 'Now listening on: ' \
    && comes_to_answer "$(sed -n 's/.*Now listening on: //p' "$work/web")"
}

check "dotnet pack" pack && check "each project is a package with symbols" each_project_is_a_package || { totals packages; exit 1; }
leave_home
if check "dotnet tool install akkacp" install_tool; then
  check "akkacp run answers" tool_answers
  check "akkacp serve answers" tool_serves && echo "   (the first answer was there ${served} ms after its start)"
  check "akkacp serve drains on SIGTERM" tool_drains
fi
check "the console program of PACKAGE.md builds" project console Microsoft.NET.Sdk AkkaCp.Engine 1 \
  && check "the console program answers" console_answers
check "the web application of PACKAGE.md builds" project web Microsoft.NET.Sdk.Web AkkaCp.Server 2 \
  && check "the web application answers" web_answers && check "its packages are those packed" packages_are_these
totals packages
